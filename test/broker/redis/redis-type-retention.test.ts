import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { topicKeys, typeKey } from '../../../server/broker/redis/log/keys.ts';
import { mayHave } from '../../../server/broker/retention/cuts.ts';
import type { Retention } from '../../../server/broker/retention/retention.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { entry } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';

const topic = 'run-1';
const few = { retention: { chatty: { records: 2 } } };

function entriesOf(text: string): LogEntry[] {
  return [...text].map((letter, n) => ({ ...entry(n), type: letter === 'c' ? 'chatty' : letter }));
}

async function publish(broker: Broker, text: string): Promise<void> {
  for (const one of entriesOf(text)) await broker.publish(topic, [one]);
}

async function heldIn(broker: Broker): Promise<number[]> {
  const { epoch } = await broker.bounds(topic);
  const held: number[] = [];
  for (let seq = 0; ; ) {
    const { gap, records } = await broker.read(topic, { epoch, seq }, 1000);
    held.push(...records.map((record) => record.seq));
    const end = records.at(-1) ?? gap?.to;
    if (!end) return held;
    seq = end.seq;
  }
}

/** A topic of its own, nodes of it with any limits, and a connection beside them. */
function openTopic() {
  const nodes: AsyncDisposable[] = [];
  const admin = new Redis(inject('redisUrl'));
  const first = redisFixture({ timeoutMs: 20_000 });
  nodes.push(first);
  return {
    prefix: first.prefix,
    admin,
    node(retention: Retention): Broker {
      const fixture = redisFixture({ timeoutMs: 20_000, prefix: first.prefix, ...retention });
      nodes.push(fixture);
      return fixture.broker;
    },
    async [Symbol.asyncDispose]() {
      admin.disconnect();
      for (const node of nodes) await node[Symbol.asyncDispose]();
    },
  };
}

test('[D4] limits of types may come, change and go, and nodes may differ for a while', async () => {
  await using log = openTopic();
  const alike = log.node({});
  await publish(alike, 'mcmcmcmc');
  const byType = log.node(few);
  await publish(byType, 'm');
  expect(await heldIn(alike)).toEqual([1, 3, 5, 6, 7, 8, 9]);
  await publish(alike, 'cc'); // knows of no limit
  expect(await heldIn(byType)).toEqual([1, 3, 5, 6, 7, 8, 9, 10, 11]);
  await publish(byType, 'c');
  expect(await heldIn(byType)).toEqual([1, 3, 5, 7, 9, 11, 12]);
  const other = log.node({ maxRecords: 4, retention: { m: { records: 3 } } });
  await publish(other, 'cc');
  expect(await heldIn(byType)).toEqual([5, 7, 9, 11, 12, 13, 14]);
  const { epoch } = await other.bounds(topic);
  const { gap, gaps } = await other.read(topic, { epoch, seq: 5 }, 100);
  // Chatty ones are others there, and were taken out by a limit of their own before.
  expect([gap, ...(gaps ?? [])].map((hole) => hole?.types)).toEqual([
    { allBut: ['log.erased', 'm'] },
    { allBut: ['log.erased', 'm'] },
    { allBut: ['log.erased', 'm'] },
  ]);
});

test('[D4] a gap that a node without such limits made may have been of any type', async () => {
  await using log = openTopic();
  const byType = log.node(few);
  await publish(byType, 'mmcccmm');
  const short = log.node({ maxRecords: 2 });
  await publish(short, 'm');
  expect(await heldIn(short)).toEqual([7, 8]);
  const gapIn = async (seq: number) => {
    const { epoch } = await byType.bounds(topic);
    return (await byType.read(topic, { epoch, seq }, 100)).gap;
  };
  expect((await gapIn(1))?.types).toEqual({ allBut: [] });
  await publish(byType, 'c');
  expect(await gapIn(1)).toMatchObject({ to: { seq: 6 }, lost: 5, types: { allBut: [] } });
});

test('[D4] lists that Redis lost are made again from the log, some of it with each publish', async () => {
  await using log = openTopic();
  const broker = log.node({ maxRecords: 5, retention: { chatty: { records: 2 }, m: '30 days' } });
  await broker.publish(topic, entriesOf('m'.repeat(2500)));
  await publish(broker, 'ccc');
  const { epoch } = await broker.bounds(topic);
  await broker.erase(topic, epoch, [2, 2502], [{ ...entry(0), type: 'log.erased' }]);
  for (const type of ['chatty', 'm', '*', 'log.erased'])
    await log.admin.del(typeKey(log.prefix, topic, type));
  for (let n = 0; n < 5; n++) await publish(broker, 'co');
  const held = await heldIn(broker);
  expect(held.slice(0, 2500)).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1));
  expect(held.slice(2500)).toEqual([2504, 2506, 2508, 2510, 2511, 2512, 2513, 2514]);
  const { records } = await broker.read(topic, { epoch, seq: 2500 }, 100);
  const count = (type: string) => records.filter((record) => record.type === type).length;
  expect([count('chatty'), count('o'), count('log.erased')]).toEqual([2, 5, 1]);
  const lists = await Promise.all(
    ['chatty', 'm', '*', 'log.erased'].map((type) => log.admin.llen(typeKey(log.prefix, topic, type))),
  );
  expect(lists).toEqual([2, 2500, 5, 1]);
});

describe('bytes that a node without limits of types has erased are gone for one that has them', () => {
  const large = (type: string): LogEntry => ({ ...entry(0), type, json: entry(0).json.padEnd(1000) });

  test.each([
    ['before there were any', ''],
    ['beside it', 'm'],
  ])('%s', async (_, before) => {
    await using log = openTopic();
    const alike = log.node({});
    const byType = log.node({ ...few, maxBytes: 9500 });
    await alike.publish(topic, [...'mcmcm'].map(large));
    if (before) await byType.publish(topic, [large(before)]);
    const { epoch } = await alike.bounds(topic);
    await alike.erase(topic, epoch, [2, 3, 4], [{ ...entry(6), type: 'log.erased' }]);
    const types = ['m', 'chatty', 'chatty', 'chatty'];
    for (let round = 0; round < 20; round++) await byType.publish(topic, types.map(large));
    expect(await heldIn(byType)).toHaveLength(9);
  });

  test('they do not cut short what has room', async () => {
    await using log = openTopic();
    const alike = log.node({});
    await alike.publish(topic, [...'mmmmm'].map(large));
    const { epoch } = await alike.bounds(topic);
    await alike.erase(topic, epoch, [2, 3, 4], [{ ...entry(6), type: 'log.erased' }]);
    const byType = log.node({ ...few, maxBytes: 4500 });
    for (let n = 7; n <= 8; n++) await byType.publish(topic, [large('m')]);
    expect(await heldIn(byType)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (let n = 9; n <= 12; n++) await byType.publish(topic, [large('m')]);
    expect(await heldIn(byType)).toEqual([9, 10, 11, 12]);
  });
});

test('[D4] all keys of a topic go in the end', async () => {
  await using log = openTopic();
  const broker = log.node({ maxAgeMs: 60_000, retention: { chatty: { records: 2 }, m: '1 h' } });
  await publish(broker, 'mco');
  const { log: records, meta } = topicKeys(log.prefix, topic);
  const lists = ['chatty', 'm', '*'].map((type) => typeKey(log.prefix, topic, type));
  for (const key of [records, ...lists]) {
    const ttl = await log.admin.pttl(key);
    expect(ttl).toBeGreaterThan(3_500_000);
    expect(ttl).toBeLessThan(3_700_000);
  }
  expect(await log.admin.hget(meta, 'rules')).toMatch(/^3 0 log\.erased 0 0 chatty 0 1 m 0 1 \* 0 1$/);
});

test('[D4] a log that is lost alone may have held any type, though it had records that were erased', async () => {
  await using log = openTopic();
  const broker = log.node(few);
  await publish(broker, 'mcmc');
  const { epoch } = await broker.bounds(topic);
  await broker.erase(topic, epoch, [1], [entry(5)]);
  const { log: key } = topicKeys(log.prefix, topic);
  await log.admin.del(key);
  expect(await broker.read(topic, { epoch, seq: 1 }, 10)).toMatchObject({ gap: { lost: 4 }, records: [] });
  await publish(broker, 'cccc');
  const { gap, records } = await broker.read(topic, { epoch, seq: 1 }, 10);
  expect(gap).toMatchObject({ to: { epoch, seq: 7 }, lost: 6 });
  expect(gap?.types && mayHave(gap.types, 'm')).not.toBe(false);
  expect(records.map(({ seq }) => seq)).toEqual([8, 9]);
});
