import { expect, test } from 'vitest';
import { fromLine } from '../../cli/events/event-line.ts';
import type { Gap, PageEvent } from '../../dashboard/events.ts';
import { exportLines, feedItems } from '../../dashboard/model/feed-items.ts';
import { createLogReader } from '../../dashboard/model/log.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { placeAt } from '../../dashboard/state/moment/playback.ts';
import { asked, message, START, snapshot } from './snapshots.ts';

/** An event of an application's own catalog, of which this page knows nothing. */
const order = {
  event_type: 'order',
  timestamp: new Date(START + 1000).toISOString(),
  data: {
    total: 12n,
    at: new Date(0),
    stock: new Map([['tea', 3]]),
    tags: new Set(['a', 'b']),
    note: 'Words.',
  },
  by: 'alice',
  cursor: 'a:2',
} as unknown as PageEvent;

/** The command line's events of what the page exports, at a moment of the timeline. */
function exported(events: readonly PageEvent[], gaps: readonly Gap[], clock: number) {
  const log = createLogReader()(snapshot(events, gaps));
  const scene = sceneAt(log, placeAt(log, clock)?.row ?? 0, clock);
  const items = feedItems(scene, log.gaps, { agents: [], types: [], sentiment: null, text: '', field: null });
  const lines = exportLines(items).trimEnd().split('\n');
  return lines.flatMap((text, index) => fromLine({ number: index + 1, text }));
}

test('the command line reads what the page exports with the data that it had', () => {
  const gap: Gap = { from: 'a:1', to: 'b:0', lost: null, reason: 'epoch_changed' };
  const told = message(1, 0);
  const [first, second, ...rest] = exported([told, order], [gap], 1000);
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ cursor: 'a:1', isExact: true, event: { data: told.data } });
  expect(second).toMatchObject({ cursor: 'a:2', by: 'alice', isExact: true });
  expect(second?.event).toMatchObject({ event_type: 'order', timestamp: order.timestamp });
  expect(second?.event.data).toEqual(order.data);
});

test('the command line reads a question of a replay as it was then', () => {
  const open = { id: 'agent_question.1', kind: 'question' as const };
  const answered: PageEvent<'agent_question'> = {
    ...asked,
    timestamp: new Date(START + 9000).toISOString(),
    open: { ...open, state: 'answered' },
    answer: { choice: 'Go on' },
  };
  const events = [message(1, 0), answered, message(3, 2000), message(9, 10_000)];
  expect(exported(events, [], 2500).at(1)).toMatchObject({
    open: { ...open, state: 'open' },
    answer: undefined,
  });
  expect(exported(events, [], 9500).at(1)).toMatchObject({
    open: { ...open, state: 'answered' },
    answer: { choice: 'Go on' },
  });
});
