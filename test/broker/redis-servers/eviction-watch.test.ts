import { describe, expect, test, vi } from 'vitest';
import { evictingPolicy } from '../../../server/broker/redis/eviction-watch.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entry } from '../contract/entries.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

expectNothingPrinted();

const LIMITED = ['--maxmemory', '50mb'];

function listening() {
  const lines: string[] = [];
  const add = vi.fn((fields: { policy?: string }, text: string) => {
    if (/evict/.test(text)) lines.push(`${fields.policy ?? ''} ${text}`);
  });
  return { lines, logger: { debug() {}, info: add, warn: add, error: add } };
}

describe('a Redis that evicts keys', () => {
  test.each(['allkeys-lru', 'volatile-ttl'])('is logged at the start with a remedy: %s', async (policy) => {
    await using server = await startRedis({ args: [...LIMITED, '--maxmemory-policy', policy] });
    const { lines, logger } = listening();
    const broker = new RedisBroker({ url: server.url }, { logger, checkIntervalMs: 20 });
    await broker.connect();
    expect(lines).toEqual([expect.stringMatching(`^${policy} .*set maxmemory-policy noeviction`)]);
    await admin(server, (redis) => redis.config('RESETSTAT'));
    await expect // it goes on asking, and does not say it again
      .poll(() => admin(server, (redis) => redis.info('commandstats')))
      .toMatch(/cmdstat_info:calls=[5-9]/);
    expect(lines).toHaveLength(1);
    await broker.close();
  });

  test('causes a line at each change, for better or worse, including one that a restart brings', async () => {
    await using server = await startRedis({ args: LIMITED });
    const { lines, logger } = listening();
    const broker = new RedisBroker({ url: server.url }, { logger, checkIntervalMs: 20 });
    await broker.connect();
    expect(lines).toEqual([]);
    const set = (policy: string) => admin(server, (redis) => redis.config('SET', 'maxmemory-policy', policy));
    await set('allkeys-random');
    await expect.poll(() => lines).toEqual([expect.stringContaining('allkeys-random')]);
    await set('noeviction');
    await expect.poll(() => lines.at(-1)).toContain('no longer evicts keys');
    await broker.close();
  });

  test('causes no line for an account that may not ask, which is served like any other', async () => {
    await using server = await startRedis({ args: [...LIMITED, '--maxmemory-policy', 'allkeys-lru'] });
    const rule = 'on >p ~* &* +@all -info -config'.split(' ');
    await admin(server, (redis) => redis.call('ACL', 'SETUSER', 'events', ...rule));
    const { lines, logger } = listening();
    vi.spyOn(console, 'warn').mockImplementation(() => {}); // ioredis says that it could not ask either
    const broker = new RedisBroker({ url: server.url.replace('//', '//events:p@') }, { logger });
    await broker.connect();
    await broker.publish('t', [entry(1)]);
    expect(lines).toEqual([]);
    await broker.close();
  });
});

describe('the eviction check', () => {
  const memory = (limit: string, policy: string) =>
    `# Memory\r\nused_memory:1\r\nmaxmemory:${limit}\r\nmaxmemory_policy:${policy}\r\n`;
  test.each([
    ['1000', 'allkeys-lru', 'allkeys-lru'],
    ['1000', 'volatile-random', 'volatile-random'],
    ['1000', 'noeviction', null],
    ['0', 'allkeys-lru', null],
  ])('says for maxmemory %s and policy %s: %s', (limit, policy, expected) => {
    expect(evictingPolicy(memory(limit, policy))).toBe(expected);
  });
  test('says nothing where Redis tells nothing', () => {
    expect(evictingPolicy('')).toBeNull();
  });
});
