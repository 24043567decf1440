import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';

const PADDING = 'x'.repeat(16 * 1024);
/** Four times what may wait for an iterator. */
const FLOOD = 256;

let manager: EventManager;
beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(() => manager.close());

/** A subscription that is live and pulls nothing while the flood is published. */
async function behind(whenSlow: 'refill' | 'conflate' | 'disconnect') {
  const iterator = manager.subscribe({ whenSlow })[Symbol.asyncIterator]();
  const synced = (await iterator.next()).value?.[1];
  expect(synced).toMatchObject({ event_type: 'stream_synced' });
  for (let n = 1; n <= FLOOD; n++) {
    await manager.publish('agent_message', agentMessage(`${n} ${PADDING}`));
    await turn();
  }
  return iterator;
}

/** Pulls until the last of the flood came: numbers of messages, and types of what is none. */
async function pull(iterator: Awaited<ReturnType<typeof behind>>) {
  const story: (number | string)[] = [];
  while (story.at(-1) !== FLOOD) {
    const { value, done } = await iterator.next();
    if (done || !value) break;
    const item = value[1];
    story.push(
      item.event_type === 'agent_message' ? Number.parseInt(item.data.message, 10) : item.event_type,
    );
  }
  await iterator.return();
  return story;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('[D9] an unread iterator', () => {
  test('with whenSlow: refill gets everything from the log once it is read again', async () => {
    const iterator = await behind('refill');
    expect(await pull(iterator)).toEqual(range(1, FLOOD));
  });

  test('with whenSlow: conflate gets the waiting items, then the gap and the latest', async () => {
    const iterator = await behind('conflate');
    const story = await pull(iterator);
    const waited = story.slice(0, -2);
    expect(waited).toEqual(range(1, waited.length));
    expect(waited.length).toBeLessThan(FLOOD / 2);
    expect(story.slice(-2)).toEqual(['stream_gap', FLOOD]);
  });

  test('with whenSlow: disconnect ends with SLOW_CONSUMER and drops what waited', async () => {
    const iterator = await behind('disconnect');
    await expect(iterator.next()).rejects.toMatchObject({ code: 'SLOW_CONSUMER' });
    expect(manager.stats().subscribers).toBe(0);
  });

  test('control: does not end if it is read as fast as events are published', async () => {
    const items = manager.subscribe({ whenSlow: 'disconnect' })[Symbol.asyncIterator]();
    await items.next();
    for (let n = 1; n <= FLOOD; n++) {
      await manager.publish('agent_message', agentMessage(`${n} ${PADDING}`));
      expect((await items.next()).value?.[1]).toMatchObject({ event_type: 'agent_message' });
    }
    await items.return();
  });
});
