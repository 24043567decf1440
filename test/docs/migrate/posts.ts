import { type TRPCLink, type TRPCWebSocketClient, wsLink } from '@trpc/client';
import { type AnyTRPCRouter, initTRPC } from '@trpc/server';
import * as z from 'zod';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from '../../../server/index.ts';
import { defineEvents, transformer } from '../../../shared/index.ts';
import { documentedSample, type Post } from './documented-sample.ts';

/** Holds those who pass, until it is opened. */
export class Gate {
  /** The number of those who wait, and have their answer already. */
  waiting = 0;
  #isHeld = false;
  readonly #opens: (() => void)[] = [];

  hold(): void {
    this.#isHeld = true;
  }

  open(): void {
    this.#isHeld = false;
    for (const open of this.#opens.splice(0)) open();
  }

  async pass(): Promise<void> {
    if (!this.#isHeld) return;
    this.waiting += 1;
    await new Promise<void>((resolve) => this.#opens.push(resolve));
  }
}

/** Posts that can be followed by a stock client of tRPC. */
export interface Posts {
  readonly router: AnyTRPCRouter;
  /** tRPC's own, with the transformer of the router. */
  readonly link: (client: TRPCWebSocketClient) => TRPCLink<AnyTRPCRouter>;
  readonly path: string;
  /** Each read of what was stored passes it, after it has its answer. */
  readonly reads: Gate;
  /** Stores a post. @returns its id, and a function that announces it, if that is another step */
  store(title: string): Promise<{ id: string; announce(): void }>;
}

/** Posts in a database, announced by an EventEmitter, under the sample of tRPC's page. */
export async function samplePosts(age: 'today' | 'earlier'): Promise<Posts> {
  const reads = new Gate();
  const stored: Post[] = [];
  const db = {
    post: {
      async findMany(after: string) {
        const found = stored.filter(({ id }) => Number(id) > Number(after));
        await reads.pass();
        return found;
      },
    },
  };
  const { subRouter, ee } = await documentedSample({ age, db });
  return {
    router: subRouter,
    link: (client) => wsLink<AnyTRPCRouter>({ client }),
    path: 'onPostAdd',
    reads,
    async store(title) {
      const post = { id: String(stored.length + 1), title };
      stored.push(post);
      return { id: post.id, announce: () => ee.emit('add', post) };
    },
  };
}

/** Posts as events of a catalog. */
export function ourPosts(): Posts {
  const reads = new Gate();
  class GatedBroker extends MemoryBroker {
    override async read(...args: Parameters<MemoryBroker['read']>): ReturnType<MemoryBroker['read']> {
      const found = await super.read(...args);
      await reads.pass();
      return found;
    }
  }
  const catalog = defineEvents({ post: z.object({ title: z.string() }) });
  const manager = new EventManager({ catalog, broker: new GatedBroker() });
  const t = initTRPC.create({ transformer, errorFormatter });
  return {
    router: t.router({ events: eventProcedures(manager, t.procedure) }),
    link: (client) => wsLink<AnyTRPCRouter>({ client, transformer }),
    path: 'events.on.post',
    reads,
    async store(title) {
      const { cursor } = await manager.publish('post', { title });
      return { id: cursor, announce() {} };
    },
  };
}
