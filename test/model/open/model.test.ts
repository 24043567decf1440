import { describe, inject, test } from 'vitest';
import { size } from '../../faults/chaos.ts';
import { timeout } from '../check-model.ts';
import { fileBackend } from '../logs/file-backend.ts';
import { memoryBackend } from '../logs/memory-backend.ts';
import { redisBackend } from '../logs/redis-backend.ts';
import { ALL, expectOpenModel } from './check-open-model.ts';

describe('[O1]–[O10] open events are what the reference says, to their owners, to subscribers and in the log,', {
  timeout,
}, () => {
  test('in memory', () => expectOpenModel('memory', () => memoryBackend(undefined, ALL), size(60, 4000)));
  test('in a file', () => expectOpenModel('file', () => fileBackend(ALL), size(12, 1000)));
  test('in Redis', () =>
    expectOpenModel('Redis', () => redisBackend(inject('redisUrl'), ALL), size(12, 1000)));
});
