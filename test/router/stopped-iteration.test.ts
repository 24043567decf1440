import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { EventManager, MemoryBroker, trackedItems } from '../../server/index.ts';
import { hearErrors } from '../../server/trpc/tracked-items.ts';
import { agentMessage } from '../support/events.ts';

/** A manager that is closed at the end. */
function managed() {
  const manager = new EventManager({ broker: new MemoryBroker() });
  return { manager, [Symbol.asyncDispose]: () => manager.close() };
}

const DONE = { done: true, value: undefined };

test('a return ends a subscription at once, and whoever waits for an item of it', async () => {
  await using it = managed();
  const iterators = [
    it.manager.subscribe()[Symbol.asyncIterator](),
    trackedItems(() => it.manager.subscribe())[Symbol.asyncIterator](),
    it.manager.subscribe({ topics: ['*'] })[Symbol.asyncIterator](),
  ];
  for (const iterator of iterators) {
    expect(await iterator.next()).toMatchObject({ done: false }); // stream_synced
    const waiting = [iterator.next(), iterator.next()];
    expect(await iterator.return?.()).toEqual(DONE);
    expect(await Promise.all(waiting)).toEqual([DONE, DONE]);
    expect(await iterator.next()).toEqual(DONE);
    expect(it.manager.stats().subscribers).toBe(0);
  }
});

test('calls of next that wait together get the items in order', async () => {
  await using it = managed();
  const iterator = it.manager.subscribe({ since: { last: 9 } })[Symbol.asyncIterator]();
  const items = Array.from({ length: 4 }, () => iterator.next());
  for (const n of [1, 2, 3]) await it.manager.publish('agent_message', agentMessage(n));
  const types = (await Promise.all(items)).map(({ value }) => value?.[1].event_type);
  expect(types.filter((type) => type === 'agent_message')).toHaveLength(3);
  const cursors = (await Promise.all(items)).map(({ value }) => Number(value?.[0].split('-').at(-1)));
  expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
  await iterator.return();
});

test('a return ends a replay at once, while it waits for the time of an event', async () => {
  await using it = managed();
  for (const timestamp of ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'])
    await it.manager.publish('agent_message', agentMessage(1), { timestamp });
  const iterator = trackedItems(() => it.manager.replay())[Symbol.asyncIterator]();
  expect(await iterator.next()).toMatchObject({ done: false });
  const waiting = iterator.next();
  expect(await iterator.return?.()).toEqual(DONE);
  expect(await waiting).toEqual(DONE);
});

test("tRPC's own WebSockets stop a subscription that was not given their signal", async () => {
  await using it = managed();
  const t = initTRPC.create();
  const router = t.router({
    events: t.procedure.subscription(() => trackedItems(() => it.manager.subscribe())),
  });
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const handler = applyWSSHandler({ wss, router });
  await once(wss, 'listening');
  const socket = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
  const told: string[] = [];
  socket.on('message', (data) => told.push(JSON.parse(String(data)).result?.type));
  try {
    await once(socket, 'open');
    for (let round = 1; round <= 2; round++) {
      socket.send(JSON.stringify({ id: 1, method: 'subscription', params: { path: 'events' } }));
      await expect.poll(() => told.at(-1)).toBe('data');
      socket.send(JSON.stringify({ id: 1, method: 'subscription.stop' }));
      await expect.poll(() => told.at(-1)).toBe('stopped');
      expect(it.manager.stats().subscribers).toBe(0);
    }
  } finally {
    socket.terminate();
    handler.broadcastReconnectNotification();
    await new Promise((resolve) => wss.close(resolve));
  }
});

test('a stream whose errors are to be heard is changed once, however often it is answered', () => {
  const stream = (async function* () {})();
  hearErrors(stream);
  const iterate = stream[Symbol.asyncIterator];
  hearErrors(stream);
  expect(stream[Symbol.asyncIterator]).toBe(iterate);
});

test('a frozen stream is left as it is', async () => {
  const stream = Object.freeze({
    async *[Symbol.asyncIterator]() {
      yield 1;
    },
  });
  const iterate = stream[Symbol.asyncIterator];
  expect(() => hearErrors(stream)).not.toThrow();
  expect(stream[Symbol.asyncIterator]).toBe(iterate);
});
