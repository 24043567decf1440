import { describe, expect, onTestFinished, test } from 'vitest';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { EventManager, type SubscribeOptions } from '../../../server/index.ts';
import type { EventName, PsycheCatalog } from '../../../shared/index.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { admin } from '../redis/redis-admin.ts';

const TOPICS = 50;

/** A broker that was connected once, and whose Redis is down. */
async function setUp() {
  const redis = await startRedis();
  const broker = new RedisBroker({ url: redis.url }, { prefix: 'left', timeoutMs: 2_000 });
  onTestFinished(async () => {
    await broker.close();
    await redis[Symbol.asyncDispose]();
  });
  await broker.connect();
  await redis.kill();
  return { redis, broker };
}

describe('a follower that leaves while Redis is down', () => {
  type Left = (
    manager: EventManager,
    options: SubscribeOptions<EventName, PsycheCatalog>,
  ) => Promise<unknown>;

  /**
   * Follows topics while Redis is down.
   * @param attached number of them that is followed after that
   * @returns the number of times that a channel is subscribed to, until one more topic is followed when Redis is back
   */
  async function channelsAfter(follow: Left, attached: number): Promise<number> {
    const { redis, broker } = await setUp();
    const manager = new EventManager({ broker, lingerMs: 1 });
    for (let n = 0; n < TOPICS; n++) await follow(manager, { topic: `left-${n}` });
    await expect.poll(() => manager.stats().topics.length).toBe(attached);
    await redis.restart();
    const [, synced] =
      (await manager.subscribe({ topic: 'last' })[Symbol.asyncIterator]().next()).value ?? [];
    expect(synced?.event_type).toBe('stream_synced');
    return admin(redis, async (client) => {
      const info = await client.info('commandstats');
      return Number(/cmdstat_ssubscribe:calls=(\d+)/.exec(info)?.[1]);
    });
  }

  const iterate: Left = async (manager, options) => {
    const items = manager.subscribe(options)[Symbol.asyncIterator]();
    void items.next();
    return items;
  };

  test('is followed for no more: nothing is read or subscribed to for it when Redis is back', async () => {
    const leave: Left = async (...of) => ((await iterate(...of)) as AsyncIterator<unknown>).return?.();
    expect(await channelsAfter(leave, 0)).toBeLessThan(TOPICS);
  });

  test('control: one that stays is followed for', async () => {
    const stay: Left = async (manager, options) => {
      manager.addListener(() => {}, options);
    };
    expect(await channelsAfter(stay, TOPICS)).toBeGreaterThan(TOPICS);
  });

  test('is told at once by a tail and by names of topics, which else wait', async () => {
    const { redis, broker } = await setUp();
    const sink = { start() {}, records() {}, gap() {} };
    const left = new AbortController();
    const waits = [broker.tail('left', sink), broker.topics(() => {})];
    const gone = [broker.tail('left', sink, left.signal), broker.topics(() => {}, left.signal)];
    left.abort(new Error('left'));
    expect((await Promise.allSettled(gone)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    for (const call of [broker.tail('left', sink, left.signal), broker.topics(() => {}, left.signal)])
      await expect(call).rejects.toThrow('left');
    await redis.restart();
    await Promise.all(waits);
  });
});
