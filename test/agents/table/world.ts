import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type BreakableLine, lineTo } from '../../dashboard/breakable-line.ts';
import { bundle } from '../../setup/bundle.ts';
import { freePort } from '../../setup/redis-server.ts';
import { until } from '../../setup/until.ts';
import type { ServerProcessOptions } from './server-process.ts';
import { type StandIn, startStandIn } from './stand-in/stand-in.ts';
import type { Page, Place, Served, System } from './systems/system.ts';
import { type Column, SYSTEMS } from './systems/systems.ts';

/** A page with a network of its own. */
export interface OpenPage extends Page {
  readonly line: BreakableLine;
  /** The tab is closed: its connections end, and nobody says goodbye. */
  close(): Promise<void>;
}

/** One cell's stand-in, servers and pages of one thread. */
export interface World extends AsyncDisposable {
  readonly model: StandIn;
  open(): Promise<OpenPage>;
  /** Resolves once the servers have written down that the run goes on. */
  hasBegun(): Promise<void>;
  /** Resolves once the servers have done all that a connection's end makes them do at once. */
  settle(): Promise<void>;
  /** SIGKILL; then another server answers at the same address. Only of a world whose server is a process. */
  killServer(): Promise<void>;
  /**
   * Takes away what is kept of the reply so far. Pages that are opened from then on come to another node, which does not
   * have it in memory.
   */
  trim(): Promise<void>;
}

const THREAD = 'thread-1';

export interface WorldOptions {
  redisUrl: string;
  /** The server has a process of its own. */
  isApart: boolean;
}

let worlds = 0;

export async function startWorld(column: Column, { redisUrl, isApart }: WorldOptions): Promise<World> {
  const system: System = SYSTEMS[column];
  const model = await startStandIn();
  const place: Place = { model: model.url, redisUrl, prefix: `table-${process.pid}-${worlds++}` };
  const port = await freePort();
  const pages: OpenPage[] = [];
  let server = await (isApart ? serveApart({ column, place: { ...place, port } }) : system.serve(place));
  const others: Served[] = [];
  return {
    model,
    async open() {
      const line = await lineTo(server.url);
      const page = system.page(line.url, THREAD);
      const open: OpenPage = {
        ...page,
        line,
        async close() {
          line.cut();
          await page.dispose();
        },
      };
      pages.push(open);
      return open;
    },
    hasBegun: () =>
      until('a run that is known', async () => (await system.hasBegun?.(place, THREAD)) ?? true),
    async settle() {
      // Each of them sees the end of a connection before it sees a request that was sent later.
      for (let round = 0; round < 3; round++)
        for (const url of [server.url, model.url]) await (await fetch(url)).arrayBuffer();
    },
    async killServer() {
      await server[Symbol.asyncDispose]();
      server = await system.serve({ ...place, port });
    },
    async trim() {
      await system.trim(place, THREAD);
      others.push(server);
      server = await system.serve(place);
    },
    async [Symbol.asyncDispose]() {
      for (const page of pages) {
        await page.close();
        await page.line[Symbol.asyncDispose]();
      }
      for (const served of [server, ...others]) await served[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

/** A server whose disposal is a SIGKILL. */
async function serveApart(options: ServerProcessOptions): Promise<Served> {
  const child = fork(bundle(join(import.meta.dirname, 'server-process.ts')), [JSON.stringify(options)]);
  const exited = once(child, 'exit');
  const failed = exited.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
  const [url] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {}); // from now on it is expected
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
