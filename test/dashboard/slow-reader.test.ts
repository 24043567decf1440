import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { PageEvent } from '../../dashboard/events.ts';
import { createLogReader } from '../../dashboard/model/log.ts';
import { newestPlace, readSlowly } from '../../dashboard/trials/slow-reader.ts';
import { asked, message, snapshot } from './snapshots.ts';

type Client = Parameters<typeof readSlowly>[0]['client'];
type Item = { cursor: string; event: PageEvent<'agent_message'> | { event_type: 'stream_synced' } };

const SYNCED: Item = { cursor: 'a:0', event: { event_type: 'stream_synced' } };
const item = (seq: number): Item => ({ cursor: `a:${seq}`, event: message(seq, 0) });

/** Reads items, after the last of which the topic is quiet for ever. */
function read(items: readonly Item[], newest: string, pauses: readonly number[] = []) {
  const stream = async function* ({ signal }: { signal: AbortSignal }) {
    const ended = new Promise((resolve) => signal.addEventListener('abort', resolve));
    for (const [index, each] of items.entries()) {
      await sleep(pauses[index] ?? 0);
      yield each;
    }
    await ended;
  };
  return readSlowly({
    client: { stream } as unknown as Client,
    topic: undefined,
    pauseMs: 1,
    slowMs: 1,
    newest: () => newest,
    signal: new AbortController().signal,
    onRead: () => {},
  });
}

test('a slow reader that is level with the page ends on a topic where nothing happens', async () => {
  await expect(read([SYNCED], 'a:0')).resolves.toEqual({ read: 0, lost: 0 });
});

test('a slow reader goes on after its time until it is level with the page', async () => {
  await expect(read([SYNCED, item(1), item(2)], 'a:2', [0, 30])).resolves.toEqual({ read: 2, lost: 0 });
});

test('a slow reader of a new log does not wait for the page’s place in the one before', async () => {
  const first: Item = { cursor: 'b:1', event: message(1, 0, 'b') };
  await expect(read([first], 'a:2')).resolves.toEqual({ read: 1, lost: 0 });
});

test('a slow reader reads up to the newest event of those that it gets', () => {
  const { entries } = createLogReader()(snapshot([message(1, 0), asked]));
  expect([newestPlace(entries), newestPlace([])]).toEqual(['a:1', undefined]);
});
