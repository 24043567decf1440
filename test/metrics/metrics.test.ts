import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { EventManager, MemoryBroker, Metrics } from '../../server/index.ts';
import { RawSocket } from '../access/harness.ts';
import { httpClient, startTestServer, upgradeStatus } from '../app/harness.ts';
import { startRedis } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { recordingLogger } from '../versions/shared-logs.ts';
import { samplesOf, scrape } from './harness.ts';

test('metrics of a server can be read from a port of its own, and from no other', async () => {
  await using server = await startTestServer({ metricsPort: 0 });
  await using first = new RawSocket(server.url);
  await using second = new RawSocket(server.url);
  for (const socket of [first, second]) socket.subscribe(1, {});
  await expect.poll(() => first.synced && second.synced).toBe(true);
  const stream = await fetch(`${server.url}/trpc/on.agent_message`);
  const trpc = httpClient(server.url);
  await expect.poll(async () => (await trpc.stats.query()).subscribers).toBe(3);
  for (let n = 0; n < 5; n++) await trpc.publish.agent_message.mutate({ data: agentMessage(n) });
  await expect.poll(() => first.events.length + second.events.length).toBe(10);
  await trpc.publish.agent_message
    .mutate({ data: { ...agentMessage('x'), agent_id: 7 as never } })
    .catch(() => {});
  await upgradeStatus(`${server.url}/trpc`, { origin: 'https://foreign.example' });

  const scraped = async () => Object.fromEntries(await scrape(server.metricsUrl));
  // The event stream is read by an iterator, which nothing above has waited for.
  await expect.poll(scraped).toMatchObject({
    psyche_connections: 2,
    psyche_connections_opened_total: 2,
    psyche_subscriptions: 3,
    psyche_groups: 2, // of the sockets, and of the event stream
    psyche_topics: 1,
    'psyche_events_published_total{type="agent_message"}': 5,
    'psyche_events_received_total{type="agent_message"}': 5,
    'psyche_events_delivered_total{type="agent_message"}': 15,
    psyche_publishes_in_flight: 0,
    psyche_publishes_in_flight_limit: 10_000,
    psyche_tail_lag_records: 0,
    psyche_publish_seconds_count: 5,
    psyche_delivery_seconds_count: 10, // five events, one group and one iterator
    'psyche_delivery_seconds_bucket{le="5"}': 10,
    'psyche_refusals_total{code="INVALID_EVENT"}': 1,
    'psyche_refusals_total{code="ORIGIN"}': 1,
    'psyche_errors_total{kind="invalid"}': 1,
  });
  const samples = await scrape(server.metricsUrl);
  expect(samples.get('psyche_websocket_bytes_total{direction="sent"}')).toBeGreaterThan(2_000);
  expect(samples.get('psyche_websocket_bytes_total{direction="received"}')).toBeGreaterThan(100);
  expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(samples.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  expect((await fetch(server.metricsUrl?.replace('/metrics', '/other') ?? '')).status).toBe(404);

  await stream.body?.cancel();
  const gone = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(gone, 'open');
  gone.close(1000);
  await expect
    .poll(async () => (await scrape(server.metricsUrl)).get('psyche_connections_closed_total{code="1000"}'))
    .toBe(1);
});

test('a silent handshake and a gap are counted under their code and reason', async () => {
  await using server = await startTestServer({
    metricsPort: 0,
    handshakeTimeoutMs: 2000,
    retentionMaxRecords: 2,
    maxConnectionsPerAddress: 2,
    trustProxy: ['loopback'],
  });
  const trpc = httpClient(server.url);
  for (let n = 0; n < 5; n++) await trpc.publish.agent_message.mutate({ data: agentMessage(n) });
  const { items } = await trpc.history.query();
  const epoch = items[0]?.cursor.split(':')[0];
  await using reader = new RawSocket(server.url);
  reader.subscribe(1, { since: `${epoch}:1` });
  await expect.poll(() => reader.synced).toBe(true);
  await using silent = {
    ws: new WebSocket(`${server.url.replace('http', 'ws')}/trpc?connectionParams=1`),
    async [Symbol.asyncDispose]() {
      this.ws.terminate();
    },
  };
  await once(silent.ws, 'open');
  const closed = once(silent.ws, 'close');
  expect(await upgradeStatus(`${server.url}/trpc`)).toBe(429);
  const mute = createConnection(server.port, '127.0.0.1');
  mute.resume();
  const body = 'x'.repeat(1_100_000);
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.1' };
  const large = await fetch(`${server.url}/trpc/publish.batch`, { method: 'POST', headers, body });
  expect(large.status).toBe(413);
  await closed;
  await expect
    .poll(async () => Object.fromEntries(await scrape(server.metricsUrl)))
    .toMatchObject({
      'psyche_gaps_total{reason="trimmed"}': 1,
      'psyche_events_delivered_total{type="agent_message"}': 2, // read from the log: no latency
      psyche_delivery_seconds_count: 0,
      'psyche_connections_closed_total{code="4000"}': 1,
      'psyche_refusals_total{code="TOO_MANY_CONNECTIONS"}': 1,
      'psyche_refusals_total{code="BODY_TOO_LARGE"}': 1,
      'psyche_refusals_total{code="HANDSHAKE_TIMEOUT"}': 1,
    });
});

test('a close code that a client makes up is no series of its own, and none of the server’s', async () => {
  await using server = await startTestServer({ metricsPort: 0 });
  for (const code of [4008, 3999]) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    await once(socket, 'open');
    socket.close(code);
  }
  const closed = async () =>
    [...(await scrape(server.metricsUrl))].filter(([name]) => name.startsWith('psyche_connections_closed_'));
  await expect.poll(closed).toEqual([['psyche_connections_closed_total{code="client"}', 2]]);
});

test('the state of the connections to Redis is a metric', async () => {
  await using redis = await startRedis();
  await using server = await startTestServer({
    metricsPort: 0,
    redisUrl: redis.url,
    redisPrefix: randomUUID(),
  });
  const state = async () => {
    const samples = await scrape(server.metricsUrl);
    return [
      samples.get('psyche_broker_up{connection="commands"}'),
      samples.get('psyche_broker_up{connection="subscriber"}'),
    ];
  };
  await using socket = new RawSocket(server.url);
  socket.subscribe(1, {});
  await expect.poll(() => socket.synced).toBe(true);
  expect(await state()).toEqual([1, 1]);
  await redis.kill();
  await expect.poll(state).toEqual([0, 0]);
  expect((await scrape(server.metricsUrl)).get('psyche_tail_lag_records')).toBeNaN();
});

test('an application’s own manager has the same metrics', async () => {
  const metrics = new Metrics();
  const manager = new EventManager({ broker: new MemoryBroker(), instruments: metrics });
  metrics.watch({ manager });
  await manager.publish('agent_message', agentMessage('x'));
  const samples = samplesOf(await metrics.registry.metrics());
  expect(samples.get('psyche_publish_seconds_count')).toBe(1);
  expect(samples.has('psyche_connections')).toBe(false);
  await manager.close();
});

test('a server without METRICS_PORT measures nothing; one with it says in its log where they are', async () => {
  const logger = recordingLogger();
  const told = () => logger.info.mock.calls.map(([, line]) => line).filter((line) => /^Metrics/.test(line));
  await using server = await startTestServer({}, { logger });
  expect([server.metricsUrl, told()]).toEqual([null, []]);
  await using measured = await startTestServer({ metricsPort: 0 }, { logger });
  expect(told()).toEqual([`Metrics are shown at ${measured.metricsUrl}`]);
});
