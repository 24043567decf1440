import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gap, PageEvent } from '../../dashboard/events.ts';
import { feedItems } from '../../dashboard/model/feed-items.ts';
import type { Filters } from '../../dashboard/model/filters.ts';
import { createLogReader, type Log } from '../../dashboard/model/log.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { isDropped } from '../../dashboard/state/moment/playback.ts';
import { asked, message, rows, snapshot } from './snapshots.ts';

const NO_FILTERS: Filters = { agents: [], types: [], sentiment: null, text: '', field: null };

/** Messages of these numbers, the same objects each time. */
const all = Array.from({ length: 12 }, (_, seq) => message(seq, seq * 1000));
const messages = (...seqs: number[]): PageEvent[] => seqs.flatMap((seq) => all[seq] ?? []);
/** An answer that was open when its log was lost: no record, so a full log keeps it while records leave. */
const ghost: PageEvent = {
  ...message(0, 0),
  event_type: 'agent_processing',
  data: { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1, text: 'So I' },
  open: { id: 'agent_processing.1', kind: 'growing', state: 'lost', field: 'text' },
  stored: false,
};

const rowOf = (log: Log, seq: number) => log.entries.find(({ event }) => event === all[seq])?.row;
/** The conversation, by the numbers of its messages. */
const lines = (log: Log) =>
  feedItems(sceneAt(log, Number.POSITIVE_INFINITY), log.gaps, NO_FILTERS).map((item) =>
    item.kind === 'message' ? item.entry.event.data.message : item.kind,
  );

describe('an event keeps its row', () => {
  test('while records leave from behind one that is none', () => {
    const read = createLogReader();
    const logs = [1, 2, 3].map((seq) =>
      read(snapshot([ghost, ...messages(seq, seq + 1, seq + 2, seq + 3, seq + 4)])),
    );
    expect(logs.map(rows)).toEqual([
      [0, 1, 2, 3, 4, 5],
      [0, 2, 3, 4, 5, 6],
      [0, 3, 4, 5, 6, 7],
    ]);
    expect(logs.map((log) => rowOf(log, 3))).toEqual([3, 3, 3]);
    for (const { entries, byType } of logs) expect(byType.agent_message).toEqual(entries.slice(1));
  });

  test('when events before it are erased, while others come and older ones are loaded', () => {
    const read = createLogReader();
    const before = read(snapshot(messages(3, 4, 5, 6)));
    const after = read(snapshot(messages(1, 2, 4, 6, 7)));
    expect([rows(before), rows(after)]).toEqual([
      [0, 1, 2, 3],
      [-1, 0, 1, 3, 4],
    ]);
    expect(after.byType.agent_message).toEqual(after.entries);
  });

  test('and gives it to no later one when it is erased as the newest, or with all others', () => {
    const read = createLogReader();
    read(snapshot(messages(1, 2, 3)));
    read(snapshot(messages(1, 2)));
    expect(rows(read(snapshot(messages(1, 2, 4))))).toEqual([0, 1, 3]);
    expect(rows(read(snapshot([])))).toEqual([]);
    expect(rows(read(snapshot(messages(5, 6))))).toEqual([4, 5]);
  });
});

/** A change of what a page has: of the event at a place, or by one of another number. */
type Change = (events: readonly PageEvent[], at: number, seq: number) => PageEvent[];

const CHANGES: Readonly<Record<string, Change>> = {
  said: (events, _, seq) => [...events, message(seq, seq)],
  begun: (events, _, seq) => [...events, answer(seq, 'open')],
  ghost: (events, _, seq) => [{ ...answer(seq, 'open'), stored: false }, ...events],
  older: (events, _, seq) => [message(-seq, -seq), ...events],
  grown: (events, at) => events.map((event, index) => (index === at && event.open ? { ...event } : event)),
  settled: (events, at, seq) => {
    const { open } = events[at] ?? {};
    if (!open) return [...events];
    return events.with(at, { ...answer(seq, 'done'), open: { ...open, state: 'done' } } as PageEvent);
  },
  erased: (events, at) => events.filter((_, index) => index !== at),
  dropped: (events) => {
    const oldest = events.findIndex(({ stored }) => stored !== false);
    return events.filter((_, index) => index !== oldest);
  },
};

function answer(seq: number, state: 'open' | 'done'): PageEvent {
  const open = { id: `agent_processing.${seq}`, kind: 'growing' as const, state, field: 'text' };
  const { stored: _, ...recorded } = ghost;
  return { ...recorded, timestamp: message(seq, seq).timestamp, cursor: `a:${seq}`, open } as PageEvent;
}

test('events are listed by type in the order of their rows, whatever happens to them', () => {
  const share = fc.double({ min: 0, max: 0.999, noNaN: true });
  const change = fc.tuple(fc.constantFrom(...Object.keys(CHANGES)), share);
  const steps = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (snapshots) => {
      const read = createLogReader();
      let events: PageEvent[] = [];
      let seq = 0;
      for (const changes of snapshots) {
        for (const [name, share] of changes) {
          events = CHANGES[name]?.(events, Math.floor(share * events.length), ++seq) ?? events;
        }
        const { entries, byType } = read(snapshot(events));
        expect(entries.map(({ event }) => event)).toEqual(events);
        for (const type of ['agent_message', 'agent_processing', 'agent_question'] as const) {
          const own = entries.filter(({ event }) => event.event_type === type);
          expect(byType[type].map(({ row }) => row)).toEqual(own.map(({ row }) => row));
          expect(byType[type].every((entry, index) => entry === own[index])).toBe(true);
        }
      }
    }),
  );
});

describe('a gap stays in its place', () => {
  const gap: Gap = { from: 'a:4', to: 'b:0', lost: null, reason: 'epoch_changed' };

  test('when events before it are erased', () => {
    const read = createLogReader();
    expect(lines(read(snapshot(messages(1, 2, 3, 4, 5, 6), [gap])))).toEqual([
      ...['1', '2', '3', '4', 'gap', '5', '6'],
    ]);
    expect(lines(read(snapshot(messages(1, 3, 4, 5, 6), [gap])))).toEqual([
      ...['1', '3', '4', 'gap', '5', '6'],
    ]);
    expect(lines(read(snapshot(messages(3, 4, 5, 6, 7), [gap])))).toEqual(['3', '4', 'gap', '5', '6', '7']);
  });

  test('when the event that it follows is erased, also the newest', () => {
    const read = createLogReader();
    read(snapshot(messages(1, 2, 3, 4), [gap]));
    expect(lines(read(snapshot(messages(1, 2, 3), [gap])))).toEqual(['1', '2', '3', 'gap']);
    expect(lines(read(snapshot(messages(1, 2, 3, 5), [gap])))).toEqual(['1', '2', '3', 'gap', '5']);
  });

  test('when the event that it follows was settled, in the place of its opening', () => {
    const read = createLogReader();
    read(snapshot([asked, ...messages(3)]));
    const answered: PageEvent = {
      ...asked,
      open: { id: 'agent_question.1', kind: 'question', state: 'answered' },
      answer: { choice: 'Go on' },
      cursor: 'a:4',
    };
    expect(lines(read(snapshot([answered, ...messages(3)], [gap])))).toEqual(['question', '3', 'gap']);
    expect(lines(read(snapshot([answered, ...messages(3, 5)], [gap])))).toEqual([
      'question',
      '3',
      'gap',
      '5',
    ]);
  });

  test('when the event that it follows was erased before', () => {
    expect(lines(createLogReader()(snapshot(messages(2, 3, 5), [gap])))).toEqual(['2', '3', 'gap', '5']);
  });

  test('when all events are erased, and those after it come behind it', () => {
    const read = createLogReader();
    const erased: Gap = { from: 'a:0', to: 'a:2', lost: 2, reason: 'erased' };
    read(snapshot(messages(1, 2)));
    expect(lines(read(snapshot([], [erased])))).toEqual(['gap']);
    expect(lines(read(snapshot(messages(3), [erased])))).toEqual(['gap', '3']);
  });
});

test.each([
  { how: 'of records alone', first: [] as PageEvent[] },
  { how: 'with an event in front that is no record', first: [ghost] },
])(
  'a replay goes on in the log that it began in once a full one, $how, has let go of its event',
  ({ first }) => {
    const read = createLogReader();
    const held = read(snapshot([...first, ...messages(1, 2, 3)]));
    const row = rowOf(held, 2) ?? Number.NaN;
    expect(isDropped(held, held, row)).toBe(false);
    expect(isDropped(read(snapshot([...first, ...messages(2, 3, 4)])), held, row)).toBe(false);
    expect(isDropped(read(snapshot([...first, ...messages(3, 4, 5)])), held, row)).toBe(true);
  },
);

test('a replay whose event was erased goes on in the newest log', () => {
  const read = createLogReader();
  const held = read(snapshot(messages(1, 2, 3)));
  const row = rowOf(held, 2) ?? Number.NaN;
  expect(isDropped(read(snapshot(messages(1, 3, 4))), held, row)).toBe(false);
});
