import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { StaleQueries } from '../../client/queries/stale-queries.ts';

test('1000 keys in a burst are one call too, and more than that make everything stale', () => {
  vi.useFakeTimers();
  const queries = new QueryClient();
  const calls = vi.spyOn(queries, 'invalidateQueries');
  const stale = new StaleQueries(queries, [['order'], ['orders']], 50, () => {});
  const keys = [['order', 999, 'lines'], ['order', 5000], ['orders'], ['weather']];
  for (const key of keys) queries.setQueryData(key, 1);
  const staleAfter = (count: number) => {
    for (let id = 0; id < count; id++) stale.add(['order', id]);
    vi.advanceTimersByTime(50);
    const found = keys.filter((key) => queries.getQueryState(key)?.isInvalidated);
    for (const key of keys) queries.setQueryData(key, 1);
    return found;
  };
  expect(staleAfter(1000)).toEqual([['order', 999, 'lines']]);
  expect(calls).toHaveBeenCalledOnce();
  expect(staleAfter(1001)).toEqual([['order', 999, 'lines'], ['order', 5000], ['orders']]);
  expect(calls).toHaveBeenCalledTimes(2);
  stale.add(['weather']); // an event names it, though it is not among those that a gap touches
  stale.addEverything();
  expect(staleAfter(0)).toEqual(keys);
  for (let id = 0; id < 1001; id++) stale.add(['weather', id]);
  expect(staleAfter(0)).toEqual(keys);
  stale.stop();
  expect(queries.getQueryCache().hasListeners()).toBe(false);
  queries.clear();
  vi.useRealTimers();
});
