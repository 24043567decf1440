import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents, EventsError, psycheEvents } from '../../shared/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { retrySoon } from './retry-soon.ts';
import { startTestServer } from './test-server.ts';

retrySoon();

test.each(['http', 'ws'] as const)('a publisher over %s works until it is closed', async (form) => {
  await using server = await startTestServer();
  const publisher = createPublisher({ url: form === 'http' ? server.httpUrl : server.wsUrl });
  const options = { topic: 'run-1', idempotencyKey: 'k', timestamp: '2026-01-02T03:04:05Z' };
  const first = await publisher.publish('agent_message', agentMessage('one'), options);
  expect(first).toEqual({ cursor: expect.stringMatching(/:1$/), duplicate: false });
  expect(await publisher.publish('agent_message', agentMessage('one'), options)).toEqual({
    ...first,
    duplicate: true,
  });
  const batch = await publisher.publishBatch(
    [
      { event_type: 'agent_message', data: agentMessage('two') },
      { event_type: 'system_status', data: systemStatus() },
    ],
    { topic: 'run-1' },
  );
  const { items } = await server.manager.history({ topic: 'run-1' });
  expect(items.map(({ cursor }) => cursor)).toEqual([first, ...batch].map(({ cursor }) => cursor));
  expect(items[0]?.event.timestamp).toBe(options.timestamp);
  // @ts-expect-error a message is a string
  await expect(publisher.publish('agent_message', { ...agentMessage(1), message: 1 })).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    issues: [{ path: ['data', 'message'] }],
  });
  const last = publisher.publish('agent_message', agentMessage('three'));
  await publisher.close();
  expect(await last).toMatchObject({ duplicate: false });
  await expect(publisher.publish('agent_message', agentMessage(1))).rejects.toMatchObject({
    code: 'CLOSED',
  });
});

test.each<[string, (res: ServerResponse) => void]>([
  ['a connection that breaks before the answer', (res) => res.destroy()],
  ['503 of a proxy', (res) => res.writeHead(503).end('<h1>Service Unavailable</h1>')],
  ['429', (res) => res.writeHead(429, { 'content-type': 'application/json' }).end('{}')],
])('[D3] a publish over http is tried again after %s, and stored once', async (_, fail) => {
  let failures = 2;
  let authorization: string | undefined;
  const tokens = ['first', 'second', 'third'];
  await using server = await startTestServer({
    intercept: (req, res) => {
      ({ authorization } = req.headers);
      if (failures-- <= 0) return false;
      fail(res);
      return true;
    },
  });
  const publisher = createPublisher({ url: `${server.httpUrl}/`, token: async () => tokens.shift() ?? '' });
  expect(await publisher.publish('agent_message', agentMessage(1))).toMatchObject({ duplicate: false });
  expect(authorization).toBe('Bearer third');
  expect((await server.manager.history()).items).toHaveLength(1);
});

test('[D3] a publish over http whose answer is lost after it was stored is stored once', async () => {
  const broker = new MemoryBroker();
  const publish = broker.publish.bind(broker);
  const answers: ServerResponse[] = [];
  let cuts = 2;
  broker.publish = async (...args) => {
    const results = await publish(...args);
    if (cuts-- > 0) for (const res of answers.splice(0)) res.destroy();
    return results;
  };
  await using server = await startTestServer({
    manager: new EventManager({ broker }),
    intercept: (_, res) => {
      answers.push(res);
      return false;
    },
  });
  const publisher = createPublisher({ url: server.httpUrl, token: 'mine' });
  expect(await publisher.publish('agent_message', agentMessage(1))).toMatchObject({ duplicate: true });
  expect(cuts).toBeLessThanOrEqual(0);
  expect((await server.manager.history()).items).toHaveLength(1);
});

test('a publish over http fails at once when it can never succeed, and in time when it does not succeed', async () => {
  let asked = 0;
  await using server = await startTestServer({
    intercept: (req, res) => {
      asked++;
      res.writeHead(req.url?.includes('/gone/') ? 404 : 502).end('no');
      return true;
    },
  });
  const gone = createPublisher({ url: `${server.url}/gone` });
  await expect(gone.publish('agent_message', agentMessage(1))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(
      /\/gone\/trpc\/publish\.agent_message answered with HTTP status 404.*check url/,
    ),
  });
  expect(asked).toBe(1);
  const broken = createPublisher({ url: server.httpUrl });
  await expect(broken.publish('agent_message', agentMessage(1), { timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('within 1000 ms'),
  });
  expect(asked).toBeGreaterThan(1);
});

test('a publisher with a catalog validates before it sends', async () => {
  const publisher = createPublisher({ url: 'http://127.0.0.1:1/trpc', catalog: psycheEvents });
  // @ts-expect-error a message is a string
  await expect(publisher.publish('agent_message', { ...agentMessage(1), message: 1 })).rejects.toMatchObject({
    code: 'INVALID_EVENT',
  });
  expect(() => createPublisher({ url: '/trpc' })).toThrow(TypeError);
});

test('a publisher straight to a broker validates, keeps the order for any node to read, and leaves the broker open', async () => {
  const broker = new MemoryBroker();
  const manager = new EventManager({ broker });
  const publisher = createPublisher({ broker });
  const first = await publisher.publish('agent_message', agentMessage('one'), { idempotencyKey: 'k' });
  expect(await publisher.publish('agent_message', agentMessage('one'), { idempotencyKey: 'k' })).toEqual({
    ...first,
    duplicate: true,
  });
  await publisher.publishBatch([{ event_type: 'agent_message', data: agentMessage('two') }]);
  expect(await publisher.publishBatch([])).toEqual([]);
  const { items } = await manager.history();
  expect(items.map(({ event }) => 'message' in event.data && event.data.message)).toEqual(['one', 'two']);

  const wrong = { ...agentMessage(1), message: 1 };
  // @ts-expect-error a message is a string
  await expect(publisher.publish('agent_message', wrong)).rejects.toMatchObject({ code: 'INVALID_EVENT' });
  await expect(publisher.publish('agent_message', agentMessage(1), { topic: '.' })).rejects.toMatchObject({
    code: 'INVALID_TOPIC',
  });
  await expect(
    publisher.publishBatch([
      { event_type: 'agent_message', data: agentMessage(1) },
      // @ts-expect-error a message is a string
      { event_type: 'agent_message', data: wrong },
    ]),
  ).rejects.toMatchObject({ issues: [{ path: ['events', 1, 'data', 'message'] }] });
  await publisher.close();
  expect(await manager.publish('agent_message', agentMessage('three'))).toMatchObject({ duplicate: false });
  expect((await manager.history()).items).toHaveLength(3);
  await manager.close();
});

test('a publisher straight to a broker repeats a passing failure under the same key', async () => {
  const broker = new MemoryBroker();
  const ids: (string | undefined)[] = [];
  const publisher = createPublisher({
    broker: {
      publish: async (topic, entries) => {
        ids.push(entries[0]?.id);
        if (ids.length < 3) throw new EventsError('UNAVAILABLE', 'not now');
        return broker.publish(topic, entries);
      },
    },
    catalog: defineEvents({ dream: z.object({ at: z.date() }) }),
  });
  expect(await publisher.publish('dream', { at: new Date(0) })).toMatchObject({ duplicate: false });
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
});
