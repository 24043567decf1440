import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { loadConfig } from '../../server/index.ts';
import { startTestServer, wsClient } from '../app/harness.ts';
import { scrape } from '../metrics/harness.ts';
import { agentMessage } from '../support/events.ts';

/** Long enough for a busy machine. */
const WAIT = { timeout: 20_000 };

describe('INGRESS=on', () => {
  test('brings entries of any program to the subscribers of a server, and counts them in its metrics', async () => {
    const redisUrl = inject('redisUrl');
    const redisPrefix = `ingress-${randomUUID()}`;
    const ingress = { ingress: true, ingressBy: 'scripts' };
    await using server = await startTestServer({ redisUrl, redisPrefix, ...ingress, metricsPort: 0 });
    await using client = wsClient(server.url);
    const got: string[] = [];
    client.trpc.on.agent_message.subscribe(undefined, {
      onData: ({ data }) =>
        void got.push(
          data.event_type === 'agent_message' ? `${data.by}: ${data.data.message}` : data.event_type,
        ),
    });
    await expect.poll(() => got, WAIT).toEqual(['stream_synced']);
    const producer = new Redis(redisUrl);
    await producer.xadd(
      `${redisPrefix}:ingress`,
      '*',
      'event_type',
      'agent_message',
      'data',
      JSON.stringify(agentMessage('from afar')),
    );
    await expect.poll(() => got, WAIT).toEqual(['stream_synced', 'scripts: from afar']);
    await producer.xadd(`${redisPrefix}:ingress`, '*', 'event_type', 'agent_message', 'data', '{');
    producer.disconnect();
    await expect
      .poll(async () => Object.fromEntries(await scrape(server.metricsUrl)), WAIT)
      .toMatchObject({
        'psyche_ingress_entries_total{outcome="moved"}': 1,
        'psyche_ingress_entries_total{outcome="duplicate"}': 0,
        'psyche_ingress_entries_total{outcome="dead"}': 1,
      });
  });

  test('takes the id of a subject as INGRESS_BY', () => {
    const env = { INGRESS: 'on', REDIS_URL: 'redis://127.0.0.1' };
    expect(loadConfig({}, env).ingressBy).toBe(null);
    expect(loadConfig({}, { ...env, INGRESS_BY: 'scripts' }).ingressBy).toBe('scripts');
    expect(() => loadConfig({}, { ...env, INGRESS_BY: 'x'.repeat(129) })).toThrow(
      'INGRESS_BY must be text of 1–128 characters, none of them a control character.',
    );
  });

  test('needs Redis', () => {
    expect(() => loadConfig({}, { INGRESS: 'on' })).toThrow(
      'INGRESS must be off, or REDIS_URL be set: the ingress moves a stream in Redis.',
    );
  });
});
