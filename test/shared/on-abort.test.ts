import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { onAbort } from '../../shared/timing.ts';

test('a signal has one listener for any number of waiters; each is called once, and not after its removal', () => {
  const { signal, ...controller } = control();
  const called: number[] = [];
  const takers = [0, 1, 2, 3].map((n) => onAbort(signal, () => void called.push(n)));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  takers[1]?.();
  controller.abort();
  controller.abort();
  expect(called).toEqual([0, 2, 3]);
  onAbort(signal, () => void called.push(4));
  expect(called).toEqual([0, 2, 3]); // whoever comes too late asks the signal
});

test('a waiter that is called may remove another', () => {
  const { signal, abort } = control();
  const called: string[] = [];
  const takers: (() => void)[] = [];
  onAbort(signal, () => {
    called.push('first');
    for (const take of takers) take();
  });
  takers.push(onAbort(signal, () => void called.push('second')));
  abort();
  expect(called).toEqual(['first']);
});

test('the listener goes with the last waiter, and comes with the next', () => {
  const { signal, abort } = control();
  const called: string[] = [];
  const takers = ['a', 'b'].map((name) => onAbort(signal, () => void called.push(name)));
  takers[0]?.();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  takers[1]?.();
  takers[1]?.();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  onAbort(signal, () => void called.push('c'));
  abort();
  expect(called).toEqual(['c']);
});

function control() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
