import { randomUUID } from 'node:crypto';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { EventManager, RedisBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { runHere } from './here.ts';

afterEach(() => vi.unstubAllEnvs());

test('a command that writes to Redis takes nothing out of a topic, but by limits that its environment names', async () => {
  const [prefix, url] = [`trimming-${randomUUID()}`, inject('redisUrl')];
  vi.stubEnv('REDIS_PREFIX', prefix);
  const broker = new RedisBroker({ url }, { prefix, maxRecords: 20_000, maxAgeMs: 1e12 });
  await broker.connect();
  await using manager = Object.assign(new EventManager({ broker }), {
    [Symbol.asyncDispose]: () => manager.close(),
  });
  const thousand = Array.from({ length: 1000 }, (_, n) => ({
    event_type: 'agent_message' as const,
    data: agentMessage(n),
  }));
  for (let batch = 0; batch < 11; batch++) await manager.publishBatch(thousand);
  const publish = ['publish', 'agent_message', JSON.stringify(agentMessage(0)), '--redis', url];
  const extent = async () => {
    const { first, last } = await broker.bounds('default');
    return [first, last];
  };

  expect(await runHere(publish)).toMatchObject({ code: 0 });
  expect(await extent()).toEqual([1, 11_001]);
  vi.stubEnv('RETENTION_MAX_RECORDS', '10000');
  expect(await runHere(publish)).toMatchObject({ code: 0 });
  expect(await extent()).toEqual([1003, 11_002]);
});
