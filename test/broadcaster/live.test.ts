import { initTRPC, TRPCError } from '@trpc/server';
import { describe, expect, test, vi } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import type { Live, LiveCall } from '../../server/broadcaster/core/live.ts';
import { deferred } from '../support/deferred.ts';
import { startServer, until } from './harness.ts';

const t = initTRPC.create();

/** Something live that the test drives, and that any other adapter could iterate. */
class FakeLive implements Live {
  readonly calls: LiveCall[] = [];
  readonly detached = vi.fn();
  readonly iterated = vi.fn();

  attach(call: LiveCall): () => void {
    this.calls.push(call);
    return () => this.detached(call.id);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    this.iterated();
    yield 'iterated';
  }

  /** Writes one item to everyone attached: a frame built by hand, straight to the socket. */
  push(item: string): void {
    for (const { connection, id, jsonrpc } of this.calls) {
      const text = JSON.stringify({ id, jsonrpc, result: { type: 'data', data: item } });
      connection.socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
    }
  }
}

function serverOf(source: Live & AsyncIterable<string>, gate: Promise<void> = Promise.resolve()) {
  const called = vi.fn();
  const router = t.router({
    live: t.procedure.subscription(async (): Promise<AsyncIterable<string>> => {
      called();
      await gate;
      return source;
    }),
    plain: t.procedure.subscription(async function* () {
      yield 'plain';
    }),
    ping: t.procedure.query(() => 'pong'),
  });
  const onError = vi.fn();
  const live = (result: unknown) => (result instanceof FakeLive ? result : undefined);
  return { options: { router, onError, live }, onError, called };
}

describe('a live result', () => {
  test('sends started, its frames, and stopped after a stop', async () => {
    const source = new FakeLive();
    await using server = await startServer(applyBroadcastWSSHandler, serverOf(source).options);
    const client = await server.connect();
    client.send({ id: 1, jsonrpc: '2.0', method: 'subscription', params: { path: 'live' } });
    await client.expectStory(1, ['started']);
    source.push('a');
    source.push('b');
    await client.expectStory(1, ['started', 'data:"a"', 'data:"b"']);
    expect(source.detached).not.toHaveBeenCalled();
    client.stop(1);
    await client.expectStory(1, ['started', 'data:"a"', 'data:"b"', 'stopped']);
    expect(client.of(1).every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    expect(source.detached).toHaveBeenCalledTimes(1);
    expect(source.calls[0]?.signal.aborted).toBe(true);
    expect(source.iterated).not.toHaveBeenCalled();
  });

  test('sends started before attach may write', async () => {
    const source = new FakeLive();
    const attach = source.attach.bind(source);
    source.attach = (call) => {
      const detach = attach(call);
      source.push('at once');
      return detach;
    };
    await using server = await startServer(applyBroadcastWSSHandler, serverOf(source).options);
    const client = await server.connect();
    client.call(1, 'subscription', 'live');
    await client.expectStory(1, ['started', 'data:"at once"']);
  });

  test('is detached once when its socket closes', async () => {
    const source = new FakeLive();
    await using server = await startServer(applyBroadcastWSSHandler, serverOf(source).options);
    const client = await server.connect();
    client.call(1, 'subscription', 'live');
    client.call('2', 'subscription', 'live');
    await client.expectStory('2', ['started']);
    const [call] = source.calls;
    expect(call?.connection.open).toBe(true);
    client.ws.terminate();
    await until(() => expect(source.detached.mock.calls).toEqual([[1], ['2']]));
    expect(call?.connection.open).toBe(false);
    expect(call?.connection.closed.aborted).toBe(true);
    expect(call?.connection).toHaveProperty('subscriptions.size', 0);
  });

  test('can be ended or failed by its source', async () => {
    const source = new FakeLive();
    const { options, onError } = serverOf(source);
    await using server = await startServer(applyBroadcastWSSHandler, options);
    const client = await server.connect();
    client.call(1, 'subscription', 'live');
    client.call(2, 'subscription', 'live');
    await client.expectStory(2, ['started']);
    source.calls[0]?.end();
    source.calls[0]?.end(new Error('too late'));
    source.calls[1]?.end(new TRPCError({ code: 'FORBIDDEN' }));
    await client.expectStory(1, ['started', 'stopped']);
    await client.expectStory(2, ['started', 'error:FORBIDDEN', 'stopped']);
    expect(source.detached.mock.calls).toEqual([[1], [2]]);
    expect(source.calls.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(onError).toHaveBeenCalledTimes(1);
    client.call(1, 'subscription', 'live'); // the id is free again
    await client.expectStory(1, ['started', 'stopped', 'started']);
  });

  test('fails its subscription when attach throws, and reports a detach that throws', async () => {
    const source = new FakeLive();
    const { options, onError } = serverOf(source);
    await using server = await startServer(applyBroadcastWSSHandler, options);
    const client = await server.connect();
    source.attach = () => {
      throw new TRPCError({ code: 'CONFLICT' });
    };
    client.call(1, 'subscription', 'live');
    await client.expectStory(1, ['started', 'error:CONFLICT', 'stopped']);
    source.attach = () => () => {
      throw new Error('no clean end');
    };
    client.call(2, 'subscription', 'live');
    await client.expectStory(2, ['started']);
    client.stop(2);
    await client.expectStory(2, ['started', 'stopped']);
    expect(onError.mock.calls.map(([{ error }]) => error.message)).toEqual(['CONFLICT', 'no clean end']);
  });

  test('that was stopped while the procedure ran is never attached', async () => {
    const source = new FakeLive();
    const gate = deferred();
    const { options, called } = serverOf(source, gate.promise);
    await using server = await startServer(applyBroadcastWSSHandler, options);
    const client = await server.connect();
    client.call(1, 'subscription', 'live');
    await until(() => expect(called).toHaveBeenCalled());
    client.stop(1);
    await client.flushed();
    gate.resolve();
    await client.expectStory(1, ['stopped']);
    expect(source.calls).toEqual([]);
    expect(source.iterated).not.toHaveBeenCalled();
  });

  test('leaves other subscriptions and queries as they are', async () => {
    const source = new FakeLive();
    await using server = await startServer(applyBroadcastWSSHandler, serverOf(source).options);
    const client = await server.connect();
    client.call(1, 'subscription', 'live');
    client.call(2, 'subscription', 'plain');
    client.call(3, 'query', 'ping');
    await client.expectStory(2, ['started', 'data:"plain"', 'stopped']);
    await client.expectStory(3, ['data:"pong"']);
    await client.expectStory(1, ['started']);
  });

  test('is iterated like any other result without the option', async () => {
    const source = new FakeLive();
    const { router } = serverOf(source).options;
    await using server = await startServer(applyBroadcastWSSHandler, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'live');
    await client.expectStory(1, ['started', 'data:"iterated"', 'stopped']);
    expect(source.calls).toEqual([]);
  });
});
