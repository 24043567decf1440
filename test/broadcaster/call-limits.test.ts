import { setImmediate as nextTurn } from 'node:timers/promises';
import { initTRPC } from '@trpc/server';
import { describe, expect, test } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { startServer, until, withLimits } from './harness.ts';

const t = initTRPC.create();

describe('maxConcurrentCalls', () => {
  test('makes further calls wait for their turn, in order, and does not count subscriptions', async () => {
    const gates: (() => void)[] = [];
    const order: number[] = [];
    const gated = t.router({
      wait: t.procedure
        .input((input) => input as number)
        .query(async ({ input }) => {
          order.push(input);
          await new Promise<void>((resolve) => gates.push(resolve));
          return input;
        }),
      forever: t.procedure.subscription(async function* () {
        yield 'first';
      }),
    });
    await using server = await startServer(withLimits({ maxConcurrentCalls: 2 }), { router: gated });
    const client = await server.connect();
    for (let id = 1; id <= 5; id++) client.call(id, 'query', 'wait', id);
    client.call(6, 'subscription', 'forever');
    await client.expectStory(6, ['started', 'data:"first"', 'stopped']);
    expect(order).toEqual([1, 2]);
    gates[1]?.();
    await client.expectStory(2, ['data:2']);
    expect(order).toEqual([1, 2, 3]);
    for (let n = 0; n < 5; n++) {
      await until(() => expect(gates.length).toBeGreaterThan(n));
      gates[n]?.();
    }
    await client.expectStory(5, ['data:5']);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  test('stops reading from the client while its queue of calls is long', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gated = t.router({ wait: t.procedure.query(() => gate) });
    await using server = await startServer(withLimits({ maxConcurrentCalls: 1 }), { router: gated });
    const client = await server.connect();
    for (let id = 1; id <= 1_001; id++) client.call(id, 'query', 'wait');
    const socket = [...server.wss.clients][0];
    await until(() => expect(socket?.isPaused).toBe(true));
    open();
    await client.frame(1_001);
    await client.flushed();
    expect(client.frames).toHaveLength(1_001);
  });
});

describe('calls of many clients', () => {
  /** Ten clients make a hundred calls each, which wait for `end`; then another makes twenty. */
  async function crowd() {
    const running = new Map<string, (() => void)[]>();
    const gated = t.router({
      wait: t.procedure
        .input((input) => String(input))
        .query(({ input }) => {
          const ends = running.get(input) ?? [];
          running.set(input, ends);
          return new Promise<void>((resolve) => ends.push(resolve));
        }),
    });
    const server = await startServer(applyBroadcastWSSHandler, { router: gated });
    const calls = (who: string) => running.get(who)?.length ?? 0;
    const call = async (who: string, count: number) => {
      const client = await server.connect();
      for (let id = 1; id <= count; id++) client.call(id, 'query', 'wait', who);
    };
    await Promise.all(Array.from({ length: 10 }, () => call('many', 100)));
    await until(() => expect(calls('many')).toBe(1_000));
    await call('late', 20);
    return { server, calls, end: (who: string) => running.get(who)?.shift()?.() };
  }

  test('while a thousand run, a client has eight at a time, and then more as there is room', async () => {
    const { server, calls, end } = await crowd();
    await using _ = server;
    await until(() => expect(calls('late')).toBe(8));
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(calls('late')).toBe(8);
    end('late');
    await until(() => expect(calls('late')).toBe(8)); // the next one
    for (let n = 0; n < 100; n++) end('many');
    end('late');
    await until(() => expect(calls('late')).toBe(18));
  });
});

describe('calls that are not answered yet', () => {
  /** Sends 90 calls that wait for ever. @returns how many have arrived once `enough` have, and many turns later */
  async function arrived(inputBytes: number, enough: number) {
    let calls = 0;
    const hanging = t.router({
      wait: t.procedure.query(() => {
        calls++;
        return new Promise<void>(() => {});
      }),
    });
    await using server = await startServer(withLimits({}), { router: hanging });
    const client = await server.connect();
    const params = { path: 'wait', input: 'x'.repeat(inputBytes) };
    for (let id = 1; id <= 90; id++) client.send({ id, method: 'query', params });
    await until(() => expect(calls).toBeGreaterThanOrEqual(enough));
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    return calls;
  }

  test('may have 1 MiB together: beyond it nothing more is read from their client', async () => {
    expect(await arrived(60_000, 17)).toBe(18);
  });

  test('control: all run when they are small', async () => {
    expect(await arrived(100, 90)).toBe(90);
  });
});
