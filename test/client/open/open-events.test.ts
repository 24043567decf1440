import { describe, expect, test } from 'vitest';
import type { AnyItem } from '../../../client/reading/items.ts';
import { OpenEvents } from '../../../client/reading/open-events.ts';
import type { StreamUpdate } from '../../../shared/index.ts';

const timestamp = '2026-01-01T00:00:00Z';
const reply = (id: string, text: string, state: 'open' | 'done' = 'open'): AnyItem => ({
  ...{ event_type: 'reply', timestamp, data: { agent_id: 'a', text } },
  open: { id, kind: 'growing', state, field: 'text' },
});
const viewer = (id: string, name: string, topic?: string): AnyItem => ({
  ...{ event_type: 'viewer', timestamp, data: { name }, stored: false },
  ...(topic && { topic }),
  open: { id, kind: 'presence', state: 'open' },
});
const update = (data: StreamUpdate['data'], topic?: string): AnyItem => ({
  ...{ event_type: 'stream_update', timestamp, data },
  ...(topic && { topic }),
});
const synced: AnyItem = { event_type: 'stream_synced', timestamp, data: { recovered: true, cursor: 'e:1' } };
const gap = (reason: 'epoch_changed' | 'trimmed', topic?: string): AnyItem => ({
  ...{ event_type: 'stream_gap', timestamp, data: { from: 'e:1', to: 'f:1', lost: null, reason } },
  ...(topic && { topic }),
});

const piece = (at: number, text: string): AnyItem => update({ id: '1', at, text });

/** Takes items in; the data and state of each that is handed out. */
function handing(open = new OpenEvents()) {
  const hand = (...items: AnyItem[]) =>
    items.flatMap((item) =>
      [...open.take(item)].map((out) => {
        if (!('open' in out)) return out.event_type;
        const { data, open } = out as { data: object; open: { state: string } };
        return `${Object.values(data).at(-1)} ${open.state}`;
      }),
    );
  return { open, hand };
}

/** Takes a number of members in; what handlers get of it. */
const counted = (open: OpenEvents, count: number, each?: true) =>
  [...open.take(update({ type: 'viewer', count, ...(each && { each }) }))].map(({ data }) => data);

describe('a piece of text', () => {
  test('is joined to what is there, and the event is told whole', () => {
    const { hand } = handing();
    expect(hand(reply('1', 'a'), update({ id: '1', at: 1, text: 'b' }))).toEqual(['a open', 'ab open']);
    expect(hand(reply('1', 'ab', 'done'), update({ id: '1', at: 2, text: 'c' }))).toEqual(['ab done']);
  });

  test('that does not follow is left out, and so are those after it, until the event is told whole', () => {
    const { hand, open } = handing();
    hand(reply('1', 'a'));
    const later = [update({ id: '1', at: 2, text: 'c' }), update({ id: '1', at: 3, text: 'd' })];
    expect(hand(...later)).toEqual([]);
    open.restart();
    expect(hand(reply('1', 'abcd'), update({ id: '1', at: 4, text: 'e' }), synced)).toEqual([
      'abcd open',
      'abcde open',
      'stream_synced',
    ]);
  });

  test('that was told before, or of an event that was not, or of another topic, is left out', () => {
    const { hand } = handing();
    hand(reply('1', 'abc'));
    expect(hand(update({ id: '1', at: 1, text: 'bc' }), update({ id: '2', at: 0, text: 'x' }))).toEqual([]);
    expect(hand(update({ id: '1', at: 3, text: 'd' }, 'elsewhere'))).toEqual([]);
    expect(hand(update({ id: '1', at: 3, text: 'd' }))).toEqual(['abcd open']);
  });
});

describe('a server that is behind the one before', () => {
  test('takes no text back: what it tells again is left out, until it goes on', () => {
    const { hand, open } = handing();
    hand(reply('1', 'abcd'));
    open.restart();
    expect(hand(reply('1', 'ab'), synced)).toEqual(['stream_synced']);
    expect(hand(piece(2, 'c'), piece(3, 'de'), piece(5, 'f'))).toEqual(['abcde open', 'abcdef open']);
    expect(hand(piece(1, 'X'))).toEqual(['aX open']); // another history of the text
  });

  test('opens nothing again that was settled', () => {
    const { hand, open } = handing();
    hand(reply('1', 'a'), reply('1', 'ab', 'done'));
    open.restart();
    expect([...open.take(reply('1', 'a'), true)]).toEqual([]);
    expect(hand(synced)).toEqual(['stream_synced']);
    expect([...open.take(viewer('2', 'Ada'), true)]).toHaveLength(1);
  });
});

test('[V7] an event that was erased is told nothing more of, not even that it is over', () => {
  const { hand, open } = handing();
  hand(reply('1', 'a'), reply('2', 'b'));
  const data = { from: 'e:0', to: 'e:1', lost: 1, reason: 'erased', open: ['1'] } as const;
  const erased = { event_type: 'stream_gap', timestamp, data } as const;
  expect(hand(erased, update({ id: '1', at: 1, text: '!' }))).toEqual(['stream_gap']);
  open.restart();
  expect(hand(reply('2', 'b'), synced)).toEqual(['stream_synced']);
  // Whoever reads no further than the gap leaves nothing to be told.
  open.take({ ...erased, data: { ...data, open: ['2'] } }).next();
  open.restart();
  expect(hand(synced)).toEqual(['stream_synced']);
});

describe('a presence', () => {
  test('is told with its data replaced, and once when it is over', () => {
    const { hand } = handing();
    hand(viewer('1', 'Ada'));
    expect(hand(update({ id: '1', data: { name: 'Eve' } }), update({ id: '1', state: 'left' }))).toEqual([
      'Eve open',
      'Eve left',
    ]);
    expect(hand(update({ id: '1', state: 'left' }))).toEqual([]);
  });

  test('that is told again as it was is not handed out again', () => {
    const { hand, open } = handing();
    hand(viewer('1', 'Ada'), viewer('2', 'Eve'), viewer('3', 'Ida'));
    open.restart();
    expect(hand(viewer('1', 'Ada'), viewer('2', 'Eva'), synced)).toEqual([
      'Eva open',
      'Ida lost',
      'stream_synced',
    ]);
    expect(hand(synced)).toEqual(['stream_synced']);
  });

  test('is lost with its topic’s log, and not with that of another topic', () => {
    const { hand } = handing();
    hand(viewer('1', 'Ada', 'a'), viewer('2', 'Eve', 'b'));
    expect(hand(gap('trimmed', 'a'), gap('epoch_changed', 'a'))).toEqual([
      'stream_gap',
      'stream_gap',
      'Ada lost',
    ]);
    expect(hand(update({ id: '2', state: 'left' }, 'b'))).toEqual(['Eve left']);
  });

  test('[O11] is let go of when its type is counted first, and those that are told since are known', () => {
    const { hand, open } = handing();
    hand(viewer('1', 'Ada'), viewer('3', 'Eve', 'b'), reply('2', 'a'));
    expect(counted(open, 501)).toEqual([{ type: 'viewer', count: 501, each: false }]);
    expect(hand(viewer('4', 'Ida'))).toEqual(['Ida open']);
    expect(counted(open, 502)).toEqual([{ type: 'viewer', count: 502 }]);
    expect(hand(update({ id: '4', data: { name: 'Ina' } }), update({ id: '1', state: 'left' }))).toEqual([
      'Ina open',
    ]);
    open.restart();
    expect(counted(open, 503)).toEqual([{ type: 'viewer', count: 503 }]);
    expect(hand(reply('2', 'a'), synced)).toEqual(['Eve lost', 'Ina lost', 'stream_synced']);
  });

  test('[O11] is told again when the server says so, or counts no more after an interruption or a lost log', () => {
    const { hand, open } = handing();
    expect(counted(open, 450, true)).toEqual([]); // it was not counted
    counted(open, 501);
    expect(counted(open, 450, true)).toEqual([{ type: 'viewer', count: 450, each: true }]);
    counted(open, 501);
    open.restart();
    hand(viewer('1', 'Ada'));
    expect([...open.take(synced)]).toMatchObject([
      { data: { type: 'viewer', count: 1, each: true } },
      { event_type: 'stream_synced' },
    ]);
    expect(counted(open, 501)).toMatchObject([{ each: false }]);
    expect([...open.take(gap('epoch_changed'))]).toMatchObject([
      { event_type: 'stream_gap' },
      { data: { type: 'viewer', count: 0, each: true } },
    ]);
  });
});

test('a reader who stops in the midst of what was lost is told the rest by the one who goes on', () => {
  const { hand, open } = handing();
  hand(viewer('1', 'Ada'), viewer('2', 'Eve'));
  open.restart();
  for (const _first of open.take(synced)) break;
  open.restart();
  expect(hand(synced)).toEqual(['Eve lost', 'stream_synced']);
});
