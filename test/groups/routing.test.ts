import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createTRPCClient, createWSClient, httpSubscriptionLink, wsLink } from '@trpc/client';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { EventSource } from 'eventsource';
import superjson from 'superjson';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type AppRouter, createAppRouter } from '../../server/index.ts';
import { type RawClient, until } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { BATCH_BYTES, itemsOf, messagesOf, range, startEventServer } from './harness.ts';

/** Messages of one topic, as numbers. */
const of = (client: RawClient, topic: string) =>
  itemsOf(client)
    .filter((item) => 'topic' in item && item.topic === topic && item.event_type === 'agent_message')
    .map(({ data }) => Number((data as { message: string }).message.split(' ', 1)[0]));

describe.each([
  ['attached to sockets', {}],
  ['iterated', { live: false as const }],
])('several topics or an interval (%s)', (_, options) => {
  test('[D4] [D6] reach a stock client in order after a resume, none lost and none twice', async () => {
    await using events = await startEventServer(options);
    const wsClient = createWSClient({
      url: events.server.url,
      WebSocket: WebSocket as never,
      retryDelayMs: () => 10,
    });
    const client = createTRPCClient<AppRouter>({
      links: [wsLink({ client: wsClient, transformer: superjson })],
    });
    const seen = new Map<string, number[]>();
    const recovered: boolean[] = [];
    client.on.any.subscribe(
      { topics: ['run-*', 'other'] },
      {
        onData({ data }) {
          if (data.event_type === 'stream_synced') recovered.push(data.data.recovered);
          if (data.event_type !== 'agent_message' || data.topic === undefined) return;
          const numbers = seen.get(data.topic) ?? [];
          seen.set(data.topic, [...numbers, Number(data.data.message)]);
        },
      },
    );
    await until(() => expect(recovered).toHaveLength(1));
    // One of them appears while the socket may be away.
    const topics = ['run-1', 'run-2', 'other'];
    for (let n = 1; n <= 200; n++) {
      for (const topic of n > 60 ? [...topics, 'run-late'] : topics)
        await events.manager.publish('agent_message', agentMessage(n), { topic });
      if (n % 60 === 1) for (const socket of events.sockets) socket.destroy();
      if (n % 10 === 0) await setImmediate();
    }
    await until(() =>
      expect(Object.fromEntries(seen)).toEqual({
        'run-1': range(1, 200),
        'run-2': range(1, 200),
        other: range(1, 200),
        'run-late': range(61, 200),
      }),
    );
    expect(recovered.every(Boolean)).toBe(true);
    await wsClient.close();
  });

  test('[D9] hold little for a client that does not read, who gets everything of each topic when it does', async () => {
    await using events = await startEventServer({ ...options, maxBufferedBytes: 64 * 1024 });
    const slow = await events.subscribe(1, { topics: ['a', 'b'] });
    slow.ws.pause();
    const padding = 'x'.repeat(16 * 1024);
    let peak = 0;
    for (let n = 1; n <= 400; n++) {
      for (const topic of ['a', 'b'])
        await events.manager.publish('agent_message', agentMessage(`${n} ${padding}`), { topic });
      await setImmediate();
      peak = Math.max(peak, events.sockets[0]?.writableLength ?? 0);
    }
    expect(peak).toBeGreaterThan(64 * 1024);
    expect(peak).toBeLessThan(64 * 1024 + BATCH_BYTES);
    slow.ws.resume();
    for (const topic of ['a', 'b']) await until(() => expect(of(slow, topic)).toEqual(range(1, 400)));
  });

  test('[D4] reach all subscribers of one interval alike, at most once per interval, with the rest announced', async () => {
    await using events = await startEventServer(options);
    const input = { types: ['agent_message'], every: 300 };
    const clients = [await events.subscribe(1, input), await events.subscribe(1, input)];
    const started = performance.now();
    let published = 0;
    while (performance.now() - started < 1000) {
      await events.manager.publish('agent_message', agentMessage(++published));
      await setImmediate();
    }
    const most = 2 + Math.floor((performance.now() - started) / 300);
    const last = (client: RawClient) => messagesOf(client).at(-1);
    for (const client of clients) await until(() => expect(last(client)).toBe(String(published)));
    const [one, two] = clients.map((client) => itemsOf(client));
    expect(one?.slice(1)).toEqual(two?.slice(1)); // the first tells when each had caught up
    const messages = one?.filter(({ event_type }) => event_type === 'agent_message') ?? [];
    expect(messages.length).toBeGreaterThan(1);
    expect(messages.length).toBeLessThanOrEqual(most);
    const gaps = one?.flatMap(({ event_type, data }) =>
      event_type === 'stream_gap' ? [data as { lost: number; reason: string }] : [],
    );
    expect(gaps?.every(({ reason }) => reason === 'conflated')).toBe(true);
    expect(gaps?.reduce((sum, { lost }) => sum + lost, messages.length)).toBe(published);
  });

  test('[D9] bring a client that did not read the latest of an interval when it does', async () => {
    await using events = await startEventServer({ ...options, maxBufferedBytes: 64 * 1024 });
    const slow = await events.subscribe(1, { types: ['agent_message'], every: 1, latestBy: 'agent_id' });
    slow.ws.pause();
    const padding = 'x'.repeat(24 * 1024);
    const last = 1000;
    for (let n = 1; n <= last; n++) {
      await events.manager.publish('agent_message', agentMessage(`${n} ${padding}`));
      await setImmediate();
    }
    slow.ws.resume();
    await until(() => expect(messagesOf(slow).at(-1)).toMatch(`${last} `));
    const lost = itemsOf(slow).reduce(
      (sum, { event_type, data }) =>
        sum + (event_type === 'stream_gap' ? (data as { lost: number }).lost : 1),
      0,
    );
    expect(lost - 1).toBe(last); // each event, or that it was left out; and one stream_synced
    expect(messagesOf(slow).length).toBeLessThan(last);
  });
});

test('[D6] server-sent events of several topics resume after their last id', async () => {
  await using events = await startEventServer();
  const answer = createHTTPHandler({ router: createAppRouter(events.manager) });
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = createTRPCClient<AppRouter>({
    links: [
      httpSubscriptionLink({
        url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
        transformer: superjson,
        EventSource,
      }),
    ],
  });
  const seen: string[] = [];
  let synced = 0;
  const subscription = client.on.agent_message.subscribe(
    { topics: ['run-*'] },
    {
      onData({ data }) {
        if (data.event_type === 'stream_synced') synced++;
        if (data.event_type === 'agent_message') seen.push(`${data.topic} ${data.data.message}`);
      },
    },
  );
  const say = async (topic: string, n: number) => {
    await events.manager.publish('agent_message', agentMessage(n), { topic });
  };
  await until(() => expect(synced).toBe(1));
  await say('run-1', 1);
  await say('run-2', 1);
  await until(() => expect(seen).toHaveLength(2));
  http.closeAllConnections();
  await say('run-1', 2);
  await say('run-2', 2);
  await until(() => expect([...seen].sort()).toEqual(['run-1 1', 'run-1 2', 'run-2 1', 'run-2 2']));
  expect(synced).toBe(2);
  subscription.unsubscribe();
  http.close();
  http.closeAllConnections();
});
