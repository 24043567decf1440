import { afterEach, expect, test, vi } from 'vitest';
import { psycheEvents, toLogEntry } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

afterEach(() => vi.restoreAllMocks());

function newId(): string {
  return toLogEntry(psycheEvents, { event_type: 'agent_message', data: agentMessage(1) }).id;
}

test('a reader of one id cannot tell the next: they share no part', () => {
  const parts = Array.from({ length: 1000 }, newId).flatMap((id) => id.split('-'));
  expect(new Set(parts).size).toBe(2000);
});

test('an id is drawn when it is made: nothing that a snapshot of the process would hold is part of it', () => {
  let drawn = 0n;
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    if (array instanceof BigUint64Array) array.fill(drawn);
    return array;
  });
  const ids = [1n, 2n, 1n, 2n].map((value) => {
    drawn = value;
    return newId();
  });
  expect(draw).toHaveBeenCalledTimes(4);
  expect(ids[0]).not.toBe(ids[1]);
  expect(ids.slice(2)).toEqual(ids.slice(0, 2)); // two copies of a process differ in what they draw, and in nothing else
});
