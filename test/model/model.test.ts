import { describe, expect, inject, test } from 'vitest';
import { size, tell } from '../faults/chaos.ts';
import { checkModel, NAME, timeout } from './check-model.ts';
import { type Backend, BY_TYPE } from './logs/backend.ts';
import { fileBackend } from './logs/file-backend.ts';
import { memoryBackend } from './logs/memory-backend.ts';
import { redisBackend } from './logs/redis-backend.ts';

/** Reasons that clients are told in each log: the runs come upon all that makes holes. */
const TOLD = ['trimmed', 'epoch_changed', 'conflated', 'dropped', 'unknown_version', 'erased'];

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
  // Of few runs, such as one that is replayed, not each has everything.
  if (result.numRuns >= 40) expect([...result.reasons]).toEqual(expect.arrayContaining(TOLD));
}

describe('[D1]–[D8] every subscriber gets what the reference model says, whatever happens,', {
  timeout,
}, () => {
  test('in memory', () => expectModel('memory', memoryBackend, size(400, 4000)));
  test('in a file', () => expectModel('file', fileBackend, size(80, 1000)));
  test('in Redis', () => expectModel('Redis', () => redisBackend(inject('redisUrl')), size(80, 1000)));
  test('in memory, with limits of types', () =>
    expectModel('memory, by type', () => memoryBackend(undefined, BY_TYPE), size(400, 4000)));
  test('in a file, with limits of types', () =>
    expectModel('file, by type', () => fileBackend(BY_TYPE), size(80, 1000)));
  test('in Redis, with limits of types', () =>
    expectModel('Redis, by type', () => redisBackend(inject('redisUrl'), BY_TYPE), size(80, 1000)));
});
