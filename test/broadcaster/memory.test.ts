import { EventEmitter, on } from 'node:events';
import { initTRPC } from '@trpc/server';
import { describe, expect, test, vi } from 'vitest';
import { expectGone } from '../support/garbage.ts';
import { ADAPTERS, startServer, until, withLive } from './harness.ts';

const t = initTRPC.create();

describe.each(ADAPTERS)('%s adapter: memory', (_name, apply) => {
  test('an item is held no longer than it takes to send it', async () => {
    const events = new EventEmitter();
    const router = t.router({
      items: t.procedure.subscription(
        ({ signal }) => on(events, 'item', signal ? { signal } : {}) as AsyncIterable<unknown>,
      ),
    });
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'items');
    await until(() => expect(events.listenerCount('item')).toBe(1));
    const emit = () => {
      const item = { text: 'x' };
      events.emit('item', item);
      return new WeakRef(item);
    };
    const refs = [emit(), emit()];
    await until(() => expect(client.of(1)).toHaveLength(3));
    await expectGone(refs);
    client.stop(1);
    await until(() => expect(client.story(1).at(-1)).toBe('stopped'));
  });
});

describe('memory of a connection', () => {
  test('is freed completely when its socket has closed', async () => {
    const refs: WeakRef<object>[] = [];
    const router = t.router({
      live: t.procedure.subscription(async function* () {}),
      hello: t.procedure.query(() => 'hello'),
    });
    const remember = (connection: object) => refs.push(new WeakRef(connection));
    const detached = vi.fn();
    await using server = await startServer(
      withLive(() => ({
        attach(call) {
          remember(call.connection);
          return detached;
        },
      })),
      { router, keepAlive: { enabled: true } },
    );
    for (let n = 0; n < 3; n++) {
      const client = await server.connect('/?connectionParams=1');
      client.send({ method: 'connectionParams', data: {} });
      client.call(1, 'subscription', 'live');
      client.call(2, 'query', 'hello');
      await client.expectStory(2, ['data:"hello"']);
      await client.expectStory(1, ['started']);
      client.ws.close();
      await client.closed;
    }
    await until(() => expect(detached).toHaveBeenCalledTimes(3));
    expect(refs).toHaveLength(3);
    await expectGone(refs);
  });
});
