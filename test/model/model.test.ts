import fc from 'fast-check';
import { describe, expect, inject, test } from 'vitest';
import type { Broker, Gap } from '../../server/broker/broker.ts';
import { size, tell } from '../faults/chaos.ts';
import { type Backend, BY_TYPE, memoryBackend, redisBackend, sqliteBackend } from './backends.ts';
import { breakBroker, FAULTS } from './broken-broker.ts';
import { commands } from './commands.ts';
import { runWorld } from './world.ts';

const { MODEL_SEED, MODEL_PATH, MODEL_RUNS } = process.env;
/** Beyond it a slow machine has run fewer, and that is no failure. */
const TIME_MS = size(8000, 600_000);
const NAME = '16 model';

function checkModel(open: () => Promise<Backend>, runs: number, endOnFailure = false) {
  const property = fc.asyncProperty(commands, async (list) => {
    await using backend = await open();
    await runWorld(backend, list);
  });
  return fc.check(property, {
    endOnFailure, // or look for a shorter one
    numRuns: Number(MODEL_RUNS ?? runs),
    ...(MODEL_RUNS === undefined && { interruptAfterTimeLimit: TIME_MS, markInterruptAsFailure: false }),
    ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
  });
}

async function expectModel(where: string, open: () => Promise<Backend>, runs: number): Promise<void> {
  const result = await checkModel(open, runs);
  const replay = `MODEL_SEED=${result.seed} MODEL_PATH=${result.counterexamplePath} replays it.`;
  if (result.failed) {
    const error = result.errorInstance;
    throw new Error(
      `${replay}\n${error instanceof Error ? error.stack : error}\n${JSON.stringify(result.counterexample)}`,
    );
  }
  tell(NAME, { [where]: `${result.numRuns} seeds` });
  expect(result.numRuns).toBeGreaterThan(0);
}

const timeout = MODEL_RUNS === undefined ? size(60_000, 600_000) : 3_600_000;

describe('[D1]–[D8] every subscriber gets what the reference model says, whatever happens,', {
  timeout,
}, () => {
  test('in memory', () => expectModel('memory', memoryBackend, size(400, 4000)));
  test('in a file', () => expectModel('file', sqliteBackend, size(80, 1000)));
  test('in Redis', () => expectModel('Redis', () => redisBackend(inject('redisUrl')), size(80, 1000)));
  test('in memory, with limits of types', () =>
    expectModel('memory, by type', () => memoryBackend(undefined, BY_TYPE), size(400, 4000)));
  test('in a file, with limits of types', () =>
    expectModel('file, by type', () => sqliteBackend(BY_TYPE), size(80, 1000)));
  test('in Redis, with limits of types', () =>
    expectModel('Redis, by type', () => redisBackend(inject('redisUrl'), BY_TYPE), size(80, 1000)));
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
  const result = await checkModel(() => memoryBackend(wrap, BY_TYPE), 300, true);
  expect(String(result.errorInstance)).toMatch(/\[D4]/);
});

test.each(FAULTS)('control: a broker that %s is found out', { timeout }, async (fault) => {
  const result = await checkModel(() => memoryBackend((broker) => breakBroker(broker, fault)), 300, true);
  tell(NAME, { control: 'all found' });
  expect(String(result.errorInstance)).toMatch(/\[[DV]\d]/);
});

test('control: [D1] a log that is rewound while no node is running that knows it is found out', {
  timeout,
}, async () => {
  const open = async () => ({ ...(await redisBackend(inject('redisUrl'))), losesInPlace: false });
  const result = await checkModel(open, 300, true);
  expect(String(result.errorInstance)).toMatch(/\[D1\] .* goes on after/);
});
