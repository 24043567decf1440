import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createTRPCUntypedClient, createWSClient } from '@trpc/client';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ROOT } from '../snippets.ts';
import { ourPosts, type Posts, samplePosts } from './posts.ts';

const SIDES: Readonly<Record<string, () => Posts | Promise<Posts>>> = {
  "tRPC's page until 8 March 2026": () => samplePosts('earlier'),
  "tRPC's page today": () => samplePosts('today'),
  after: ourPosts,
};
/** Posts that are published at the wrong moment. */
const COUNT = 5;
const TITLES = Array.from({ length: COUNT }, (_, n) => `post ${n}`);

/** tRPC's own server and client of some posts, over real WebSockets. */
async function serve(posts: Posts) {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  applyWSSHandler({ wss, router: posts.router });
  await once(wss, 'listening');
  const url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;
  const socket = createWSClient({ url, WebSocket: WebSocket as never });
  const client = createTRPCUntypedClient({ links: [posts.link(socket)] });
  const seen: string[] = [];
  const failures: unknown[] = [];
  let starts = 0;
  return {
    follow(lastEventId?: string) {
      client.subscription(posts.path, lastEventId === undefined ? undefined : { lastEventId }, {
        onStarted() {
          starts += 1;
        },
        onError(error: unknown) {
          failures.push(error);
        },
        onData(item: unknown) {
          const [, title] = /"title":"([^"]*)"/.exec(JSON.stringify(item)) ?? [];
          if (title !== undefined) seen.push(title);
        },
      });
    },
    started: (times: number) => expect.poll(() => starts).toBe(times),
    /** Cuts all connections, without a word. */
    cut() {
      for (const each of wss.clients) each.terminate();
    },
    /** Publishes until the subscription has something of it, and tells what became of the posts. */
    async outcome(): Promise<string> {
      await expect
        .poll(async () => {
          (await posts.store('last')).announce();
          return [...seen, ...failures];
        })
        .toContain('last');
      const counts = TITLES.map((title) => seen.filter((each) => each === title).length);
      const lost = counts.filter((count) => count === 0).length;
      const twice = counts.filter((count) => count > 1).length;
      if (lost === 0 && twice === 0) return 'all, once';
      return lost > 0 ? `${lost} of ${COUNT} lost` : `${twice} of ${COUNT} twice`;
    },
    async [Symbol.asyncDispose]() {
      await socket.close();
      wss.close();
    },
  };
}

/** Moments at which posts are published, as the page names them. */
const MOMENTS: Readonly<Record<string, (posts: Posts) => Promise<string>>> = {
  async 'while the server reads what a resuming client missed'(posts) {
    await using served = await serve(posts);
    const { id } = await posts.store('first');
    await posts.store('second'); // so that there is something to read
    posts.reads.hold();
    served.follow(id);
    await expect.poll(() => posts.reads.waiting).toBeGreaterThan(0);
    for (const title of TITLES) (await posts.store(title)).announce();
    posts.reads.open();
    return await served.outcome();
  },

  async 'stored before that reading, and announced after it began'(posts) {
    await using served = await serve(posts);
    const { id } = await posts.store('first');
    const stored = await Promise.all(TITLES.map((title) => posts.store(title)));
    posts.reads.hold();
    served.follow(id);
    await expect.poll(() => posts.reads.waiting).toBeGreaterThan(0);
    for (const { announce } of stored) announce();
    posts.reads.open();
    return await served.outcome();
  },

  async 'while a client is away that has seen no post yet'(posts) {
    await using served = await serve(posts);
    served.follow();
    await served.started(1);
    served.cut();
    for (const title of TITLES) (await posts.store(title)).announce();
    await served.started(2);
    return await served.outcome();
  },
};

test('tRPC’s documented subscription loses and repeats what README says, and ours nothing', async () => {
  const measured: string[] = [];
  for (const [moment, play] of Object.entries(MOMENTS)) {
    const outcomes: string[] = [];
    for (const make of Object.values(SIDES)) outcomes.push(await play(await make()));
    measured.push(`| ${moment} | ${outcomes.join(' | ')} |`);
  }
  const table = [`| published | ${Object.keys(SIDES).join(' | ')} |`, '|---|---|---|---|', ...measured];
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`\n${table.join('\n')}\n`);
});
