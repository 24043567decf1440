import { describe, expect, inject, test, vi } from 'vitest';
import { Readiness } from '../../server/app/http/readiness.ts';
import { type Broker, MemoryBroker, type TailSink } from '../../server/index.ts';
import { startRedis } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { httpClient, startTestServer } from './harness.ts';

/** A broker whose deliveries can be switched off, while it stores and answers as ever. */
class DeafBroker extends MemoryBroker {
  deaf = false;
  published = 0;

  override publish(...args: Parameters<Broker['publish']>): ReturnType<Broker['publish']> {
    this.published++;
    return super.publish(...args);
  }

  override tail(topic: string, sink: TailSink): ReturnType<Broker['tail']> {
    return super.tail(topic, {
      start: (position) => sink.start(position),
      gap: (gap) => sink.gap(gap),
      records: (records) => {
        if (!this.deaf) sink.records(records);
      },
    });
  }
}

describe('readiness', () => {
  test('is false for a broker that stores but does not deliver', async () => {
    const broker = new DeafBroker();
    const readiness = new Readiness({ broker, topic: 't', timeoutMs: 50, cacheMs: 0 });
    expect(await readiness.check()).toBe(true);
    broker.deaf = true;
    expect(await readiness.check()).toBe(false);
    broker.deaf = false;
    expect(await readiness.check()).toBe(true);
    readiness.close();
    expect(await readiness.check()).toBe(false);
  });

  test('is cached for a while, and simultaneous checks share one probe', async () => {
    const broker = new DeafBroker();
    let now = 0;
    const readiness = new Readiness({ broker, topic: 't', cacheMs: 1000, now: () => now });
    await Promise.all([readiness.check(), readiness.check()]);
    now = 999;
    await readiness.check();
    expect(broker.published).toBe(1);
    now = 1000;
    await readiness.check();
    expect(broker.published).toBe(2);
    readiness.close();
  });

  test('is not cached longer when the time of day is set back', async () => {
    const broker = new DeafBroker();
    const readiness = new Readiness({ broker, topic: 't', timeoutMs: 50, cacheMs: 10 });
    expect(await readiness.check()).toBe(true);
    const { now } = Date;
    using _ = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    broker.deaf = true;
    await expect.poll(() => readiness.check()).toBe(false);
    readiness.close();
  });

  test('is false for a closed broker', async () => {
    const broker = new MemoryBroker();
    await broker.close();
    const readiness = new Readiness({ broker, topic: 't', cacheMs: 0 });
    expect(await readiness.check()).toBe(false);
    readiness.close();
  });
});

describe('servers with Redis', () => {
  test('answer /readyz by the state of Redis, and /healthz always', async () => {
    await using redis = await startRedis();
    await using server = await startTestServer({ redisUrl: redis.url });
    const status = async (path: string) => (await fetch(`${server.url}${path}`)).status;
    expect(await status('/readyz')).toBe(200);
    await redis.kill();
    await expect.poll(() => status('/readyz')).toBe(503);
    expect(await status('/healthz')).toBe(200);
    await redis.restart();
    await expect.poll(() => status('/readyz')).toBe(200);
  });

  test('deliver what another node of their prefix was given, and nothing of another prefix', async () => {
    const redisUrl = inject('redisUrl');
    const topic = `nodes-${process.pid}`;
    await using first = await startTestServer({ redisUrl, nodeName: 'first' });
    await using second = await startTestServer({ redisUrl, nodeName: 'second' });
    await using foreign = await startTestServer({ redisUrl, redisPrefix: 'other' });
    const items: { event_type: string }[] = [];
    const subscription = httpClient(second.url).on.any.subscribe(
      { topic },
      { onData: ({ data }) => void items.push(data) },
    );
    await expect.poll(() => items).toMatchObject([{ event_type: 'stream_synced' }]);
    await httpClient(first.url).publish.agent_message.mutate({ data: agentMessage('hello'), topic });
    await expect.poll(() => items[1]).toMatchObject({ data: { message: 'hello' } });
    expect((await httpClient(foreign.url).history.query({ topic })).items).toEqual([]);
    subscription.unsubscribe();
  });
});
