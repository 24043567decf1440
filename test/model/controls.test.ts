import { afterEach, expect, inject, test, vi } from 'vitest';
import type { Broker, Gap, LogRecord } from '../../server/broker/broker.ts';
import { RecordChecks } from '../../server/event-manager/records/record-checks.ts';
import { tell } from '../faults/chaos.ts';
import { checkModel, NAME, timeout } from './check-model.ts';
import { BY_TYPE } from './logs/backend.ts';
import { breakBroker, FAULTS } from './logs/broken-broker.ts';
import { breakVersions, VERSION_FAULTS } from './logs/broken-versions.ts';
import { memoryBackend } from './logs/memory-backend.ts';
import { redisBackend } from './logs/redis-backend.ts';

/** Runs at most; the rarest fault is found in one of forty. */
const RUNS = 1000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Tells holes to all, whatever their types. */
function tellsAll(broker: Broker): Broker {
  const ofAnyType = ({ types: _, ...gap }: Gap): Gap => gap;
  return {
    ...breakBroker(broker, 'none'),
    async read(topic, after, limit) {
      const { gap, gaps = [], ...page } = await broker.read(topic, after, limit);
      return { ...page, gap: gap && ofAnyType(gap), gaps: gaps.map(ofAnyType) };
    },
  };
}

/** Keeps quiet about holes between records. */
function hidesHoles(broker: Broker): Broker {
  return {
    ...breakBroker(broker, 'none'),
    async read(topic, after, limit) {
      const { gaps: _, ...page } = await broker.read(topic, after, limit);
      return page;
    },
  };
}

test.each([
  ['tells holes to those who want none of their types', tellsAll],
  ['hides holes', hidesHoles],
])('control: with limits of types, a broker that %s is found out', { timeout }, async (_, wrap) => {
  const result = await checkModel(() => memoryBackend(wrap, BY_TYPE), RUNS, { endOnFailure: true });
  expect(String(result.errorInstance)).toMatch(/\[D4]/);
});

test.each(FAULTS)('control: a broker that %s is found out', { timeout }, async (fault) => {
  const result = await checkModel(() => memoryBackend((broker) => breakBroker(broker, fault)), 300, {
    endOnFailure: true,
  });
  tell(NAME, { control: 'all found' });
  expect(String(result.errorInstance)).toMatch(/\[[DV]\d]/);
});

test('control: [D1] a log that is rewound while no node is running that knows it is found out', {
  timeout,
}, async () => {
  const open = async () => ({ ...(await redisBackend(inject('redisUrl'))), losesInPlace: false });
  const result = await checkModel(open, RUNS, { endOnFailure: true });
  expect(String(result.errorInstance)).toMatch(/\[D1\] .* goes on after/);
});

test.each(VERSION_FAULTS)('control: [V1]–[V4] a broker that %s is found out', { timeout }, async (fault) => {
  const result = await checkModel(() => memoryBackend((broker) => breakVersions(broker, fault)), 300, {
    endOnFailure: true,
  });
  expect(String(result.errorInstance)).toMatch(/\[[DV]\d]/);
});

test.each<[what: string, admits: (record: LogRecord) => boolean]>([
  ['without raising it', ({ version = 1 }) => version < 3],
  ['without validating it', ({ version }) => version === 3],
  ['although its version is unknown', ({ version = 1 }) => version > 3],
])('control: a node that delivers a message %s is found out', { timeout }, async (_, admits) => {
  const { admit } = RecordChecks.prototype;
  vi.spyOn(RecordChecks.prototype, 'admit').mockImplementation(function (this: RecordChecks, record) {
    const passes = record.type === 'agent_message' && !record.erased && admits(record);
    return passes ? record : admit.call(this, record);
  });
  const result = await checkModel(memoryBackend, RUNS, { endOnFailure: true });
  expect(String(result.errorInstance)).toMatch(/\[[DV]\d]/);
});

test('control: a failure is replayed by its seed and path, in one run', { timeout }, async () => {
  const open = () => memoryBackend((broker) => breakVersions(broker, 'forgets versions'));
  const { seed, counterexample, counterexamplePath } = await checkModel(open, RUNS, { endOnFailure: true });
  const replayed = await checkModel(open, RUNS, { endOnFailure: true, seed, path: counterexamplePath ?? '' });
  expect(replayed).toMatchObject({ failed: true, numRuns: 1, counterexample });
});
