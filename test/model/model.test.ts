import { describe, inject, test } from 'vitest';
import { size } from '../faults/chaos.ts';
import { expectModel, timeout } from './check-model.ts';
import { BY_TYPE } from './logs/backend.ts';
import { fileBackend } from './logs/file-backend.ts';
import { memoryBackend } from './logs/memory-backend.ts';
import { redisBackend } from './logs/redis-backend.ts';

describe.concurrent('[D1]–[D8] [V1]–[V8] every subscriber gets what the reference model says, whatever happens,', {
  timeout,
}, () => {
  test('in memory', () => expectModel('memory', memoryBackend, size(320, 4000)));
  test('in a file', () => expectModel('file', fileBackend, size(30, 1000)));
  test('in Redis', () => expectModel('Redis', () => redisBackend(inject('redisUrl')), size(30, 1000)));
  test('in memory, with limits of types', () =>
    expectModel('memory, by type', () => memoryBackend(undefined, BY_TYPE), size(320, 4000)));
  test('in a file, with limits of types', () =>
    expectModel('file, by type', () => fileBackend(BY_TYPE), size(30, 1000)));
  test('in Redis, with limits of types', () =>
    expectModel('Redis, by type', () => redisBackend(inject('redisUrl'), BY_TYPE), size(30, 1000)));
});
