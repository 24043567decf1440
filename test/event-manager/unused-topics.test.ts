import { expect, onTestFinished, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';

/** More than stay attached without a follower. */
const TOPICS = 1500;
/** No timer closes a topic within a test. */
const LINGER_MS = 3_600_000;
const MAX_UNUSED = 1000;

function lingering(): EventManager {
  const manager = new EventManager({ broker: new MemoryBroker(), lingerMs: LINGER_MS });
  onTestFinished(() => manager.close());
  return manager;
}

/** Follows a topic until it has caught up. @returns a function that leaves it */
async function follow(manager: EventManager, topic: string): Promise<() => Promise<unknown>> {
  const items = manager.subscribe({ topic })[Symbol.asyncIterator]();
  await items.next();
  return async () => items.return?.();
}

const name = (index: number): string => `t${index}`;
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => name(from + index));

test('topics that nobody follows any more stay attached up to a number: those left last', async () => {
  const manager = lingering();
  for (let index = 0; index < TOPICS; index++) await (await follow(manager, name(index)))();
  expect(manager.stats().topics).toEqual(names(TOPICS - MAX_UNUSED, TOPICS));
});

test('topics that are followed, or followed again, are not among them', async () => {
  const manager = lingering();
  const kept = await follow(manager, 'kept');
  await (await follow(manager, 'again'))();
  const again = await follow(manager, 'again');
  for (let index = 0; index < TOPICS; index++) await (await follow(manager, name(index)))();
  expect(manager.stats().topics).toEqual(['kept', 'again', ...names(TOPICS - MAX_UNUSED, TOPICS)]);
  await kept();
  await again();
  expect(manager.stats().topics).toHaveLength(MAX_UNUSED);
});

test('a subscription whose signal aborts follows no more, also where nobody asks for its next item', async () => {
  const manager = lingering();
  const end = new AbortController();
  const items = manager.subscribe({ signal: end.signal })[Symbol.asyncIterator]();
  await items.next();
  expect(manager.stats().subscribers).toBe(1);
  end.abort();
  expect(manager.stats().subscribers).toBe(0);
  expect(await items.next()).toEqual({ done: true, value: undefined });
});
