import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { psycheEvents, toLogEntry } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

beforeEach(() => nextTurn()); // what another test drew is gone
afterEach(() => vi.restoreAllMocks());

function newId(): string {
  return toLogEntry(psycheEvents, { event_type: 'agent_message', data: agentMessage(1) }).id;
}

/** Counts draws from the system, each of which answers with `next()` in all places. */
function drawing(next: () => bigint) {
  return vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    if (array instanceof BigUint64Array) array.fill(next());
    return array;
  });
}

test('a reader of one id cannot tell the next: they share no part', () => {
  const parts = Array.from({ length: 1000 }, newId).flatMap((id) => id.split('-'));
  expect(new Set(parts).size).toBe(2000);
});

test('an id is drawn in the turn in which it is made: nothing that a snapshot of the process would hold is part of it', async () => {
  let drawn = 0n;
  const draw = drawing(() => drawn);
  const ids: string[] = [];
  for (const value of [1n, 2n, 1n, 2n]) {
    drawn = value;
    ids.push(newId());
    await nextTurn();
  }
  expect(draw).toHaveBeenCalledTimes(4);
  expect(ids[0]).not.toBe(ids[1]);
  expect(ids.slice(2)).toEqual(ids.slice(0, 2)); // two copies of a process differ in what they draw, and in nothing else
});

test('ids of one turn are drawn together, and what is left of them is dropped at its end', async () => {
  let drawn = 0n;
  const draw = drawing(() => ++drawn);
  const ids = Array.from({ length: 10 }, newId);
  expect(draw).toHaveBeenCalledTimes(1);
  expect(new Set(ids)).toEqual(new Set(['1-1']));
  await Promise.resolve();
  expect(newId()).toBe('2-2');
});

test('a turn with more ids than are drawn together draws again', () => {
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues');
  const ids = Array.from({ length: 1000 }, newId);
  expect(new Set(ids).size).toBe(1000);
  expect(draw.mock.calls.length).toBeGreaterThan(1);
  expect(draw.mock.calls.length).toBeLessThan(100);
});
