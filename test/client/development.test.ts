import { afterEach, expect, test, vi } from 'vitest';
import { reportUncaught } from '../../client/failures/report.ts';
import { feedKey } from '../../client/store/event-feed.ts';
import { FeedStore } from '../../client/store/feed-store.ts';
import { EventsError, type PsycheCatalog } from '../../shared/index.ts';
import { fakeClient } from './fake-client.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** The lines on the console after a subscription of a store got an error. */
function linesAfter(error: EventsError, willRetry: boolean): unknown[] {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  for (const _ of [1, 2]) store.follow(feedKey({}), 10, () => {}); // two hooks that share it
  fake.subscriptions[0]?.options.onError?.(error, willRetry);
  return warn.mock.calls.flat();
}

const FORBIDDEN = new EventsError('FORBIDDEN', 'No claim allows it.');

test('a subscription that is refused for good logs one line on the console in development', () => {
  vi.stubEnv('NODE_ENV', 'development');
  expect(linesAfter(FORBIDDEN, false)).toEqual([
    'psyche-events: a subscription was refused for good: No claim allows it.',
  ]);
});

test('a subscription that will be tried again logs nothing', () => {
  vi.stubEnv('NODE_ENV', 'development');
  expect(linesAfter(new EventsError('UNAVAILABLE', 'Away.'), true)).toEqual([]);
});

test('a refused subscription logs nothing in production', () => {
  vi.stubEnv('NODE_ENV', 'production');
  expect(linesAfter(FORBIDDEN, false)).toEqual([]);
});

test('a refused subscription logs nothing in a browser without a bundler, where there is no process', () => {
  vi.stubGlobal('process', undefined);
  expect(linesAfter(FORBIDDEN, false)).toEqual([]);
});

test('an unhandled error of ours is logged as one line, and any other with its stack', () => {
  vi.stubGlobal('reportError', undefined); // as in Node
  const line = vi.spyOn(console, 'error').mockReturnValue();
  reportUncaught(FORBIDDEN);
  const other = new TypeError('a bug');
  reportUncaught(other);
  expect(line.mock.calls).toEqual([['psyche-events: FORBIDDEN: No claim allows it.'], [other]]);
});
