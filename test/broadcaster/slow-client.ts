import { setImmediate as turn } from 'node:timers/promises';
import { initTRPC } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { vi } from 'vitest';
import * as z from 'zod';
import { type RawClient, type TestServer, withLimits } from './harness.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const LIMIT = 256 * KIB;
export const ITEM = 'x'.repeat(64 * KIB);
export const guarded = withLimits({ maxBufferedBytes: LIMIT });

const t = initTRPC.create();

export function sources() {
  const seen = { produced: 0, calls: 0, finished: vi.fn() };
  let push: (value: string) => void = () => {};
  const router = t.router({
    stream: t.procedure.subscription(async function* () {
      try {
        for (;;) {
          await turn();
          yield { n: ++seen.produced, ITEM };
        }
      } finally {
        seen.finished();
      }
    }),
    tight: t.procedure.input(z.number()).subscription(async function* ({ input }) {
      for (let n = 1; n <= input; n++) {
        seen.produced = n;
        yield { n, ITEM };
      }
    }),
    pushed: t.procedure.subscription(() =>
      observable<string>((observer) => {
        push = (value) => observer.next(value);
        return () => seen.finished();
      }),
    ),
    big: t.procedure.query(() => {
      seen.calls += 1;
      return ITEM;
    }),
    ping: t.procedure.query(() => 'pong'),
  });
  return { router, seen, push: (value: string) => push(value) };
}

/** Bytes that the server holds for its clients. */
export function held(server: TestServer): number {
  return Math.max(0, ...[...server.wss.clients].map((ws) => ws.bufferedAmount));
}

/** Waits until a number stops moving, whatever the event loop does. */
export async function settled(value: () => number): Promise<number> {
  for (;;) {
    const before = value();
    for (let turns = 0; turns < 200; turns++) await turn();
    if (value() === before) return before;
  }
}

/** A client that has subscribed and reads nothing more. */
export async function stalled(server: TestServer, path = 'stream'): Promise<RawClient> {
  const client = await server.connect();
  client.call(1, 'subscription', path);
  await client.frame(1);
  client.ws.pause();
  return client;
}

/** Pushes items until more wait for a client than may. */
export async function fill(server: TestServer, push: (value: string) => void): Promise<void> {
  while (held(server) <= LIMIT) {
    push(ITEM);
    await turn();
  }
}
