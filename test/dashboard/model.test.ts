import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Gap, PageEvent } from '../../dashboard/events.ts';
import { ARCHETYPE_IDS, NORMAL_PATHS, nameOf } from '../../dashboard/model/archetypes.ts';
import { feedItems } from '../../dashboard/model/feed-items.ts';
import { type Filters, readFilters, writeFilters } from '../../dashboard/model/filters.ts';
import { createLogReader, LONGEST_SILENCE_MS, type Log } from '../../dashboard/model/log.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { readSchema, type SchemaDocument } from '../../dashboard/model/schema.ts';
import { advance, placeAt, placeOfMessage } from '../../dashboard/state/moment/playback.ts';
import { toJsonSchema } from '../../server/index.ts';
import { ARCHETYPES, ARCHETYPE_IDS as IDS, PSYCHE_PATHS, simulationEvents } from '../../simulation/index.ts';
import { said, state } from './events.ts';

const START = Date.UTC(2026, 0, 1);
const NO_FILTERS: Filters = { agents: [], types: [], sentiment: null, text: '', field: null };

/** A message that was said so many ms after the start. */
function message(seq: number, ms: number, epoch = 'a'): PageEvent<'agent_message'> {
  return {
    event_type: 'agent_message',
    timestamp: new Date(START + ms).toISOString(),
    data: said(`${seq}`) as PageEvent<'agent_message'>['data'],
    cursor: `${epoch}:${seq}`,
  };
}

function snapshot(events: readonly PageEvent[], gaps: readonly Gap[] = []) {
  return {
    events,
    gaps,
    gap: gaps.at(-1) ?? null,
    status: 'live' as const,
    dropped: 0,
    older: 0,
    open: [],
    counts: {},
    caughtUp: 0,
    error: null,
  };
}

const rows = (log: Log) => log.entries.map(({ row }) => row);
const clocks = (log: Log) => log.entries.map(({ clock }) => clock);

describe('the log', () => {
  test('keeps its rows while events are added, dropped and loaded from before', () => {
    const read = createLogReader();
    const events = [1, 2, 3, 4, 5, 6].map((seq) => message(seq, seq * 1000));
    const first = read(snapshot(events.slice(2, 4)));
    expect([rows(first), clocks(first)]).toEqual([
      [0, 1],
      [0, 1000],
    ]);
    const more = read(snapshot(events.slice(3, 6)));
    expect([rows(more), clocks(more)]).toEqual([
      [1, 2, 3],
      [1000, 2000, 3000],
    ]);
    expect(more.entries[0]).toBe(first.entries[1]);
    const older = read(snapshot(events.slice(0, 6)));
    expect([rows(older), clocks(older)]).toEqual([
      [-2, -1, 0, 1, 2, 3],
      [-2000, -1000, 0, 1000, 2000, 3000],
    ]);
  });

  test('has a clock that skips long silences and never goes back, whatever the publishers’ clocks say', () => {
    const read = createLogReader();
    const year = 365 * 86_400_000;
    const log = read(snapshot([message(1, 0), message(2, year), message(3, 1000), message(4, 1500)]));
    expect(clocks(log)).toEqual([0, LONGEST_SILENCE_MS, LONGEST_SILENCE_MS, LONGEST_SILENCE_MS + 500]);
  });

  test('[V7] lets go of erased events in its midst, and stays contiguous', () => {
    const read = createLogReader();
    const events = [1, 2, 3, 4, 5, 6].map((seq) => message(seq, seq * 1000));
    const [first, , third, fourth, , sixth] = events;
    read(snapshot(events.slice(0, 5)));
    const gap: Gap = { from: 'a:1', to: 'a:2', lost: 1, reason: 'erased' };
    const left = [first, third, fourth, sixth].flatMap((event) => event ?? []);
    const log = read(snapshot(left, [gap, { ...gap }]));
    expect(log.entries.map(({ event }) => event)).toEqual(left);
    expect([rows(log), clocks(log)]).toEqual([
      [0, 1, 2, 3],
      [0, 2000, 3000, 5000],
    ]);
    expect(log.byType.agent_message).toEqual(log.entries);
    expect(log.gaps).toEqual([{ gap, row: 0 }]);
    const rest = read(snapshot(left.slice(1, 3)));
    expect(rest.entries.map(({ event }) => event)).toEqual(left.slice(1, 3));
    expect(rows(rest)).toEqual([1, 2]);
  });

  test('keeps a gap right after the event at which it begins', () => {
    const read = createLogReader();
    const gap: Gap = { from: 'a:2', to: 'b:0', lost: null, reason: 'epoch_changed' };
    const next: Gap = { from: 'b:0', to: 'b:4', lost: 4, reason: 'trimmed' };
    const before = [message(1, 0), message(2, 1000)];
    read(snapshot(before));
    const log = read(snapshot([...before, message(5, 2000, 'b')], [gap, next]));
    const kinds = feedItems(sceneAt(log, Number.POSITIVE_INFINITY), log.gaps, NO_FILTERS).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['message', 'message', 'gap', 'gap', 'message']);
    const later = read(snapshot([message(5, 2000, 'b'), message(6, 3000, 'b')].slice(1), [gap, next]));
    expect(later.gaps).toEqual([]);
  });
});

describe('a scene', () => {
  const read = createLogReader();
  const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1 };
  const at = (ms: number) => ({ timestamp: new Date(START + ms).toISOString() });
  const log = read(
    snapshot([
      message(1, 0),
      { event_type: 'simulation_state', data: state(0.2), cursor: 'a:2', ...at(0) },
      // As a log of version 1 is read.
      {
        event_type: 'agent_processing',
        data: { ...turn, text: '', was: { status: 'started' } },
        cursor: 'a:3',
        ...at(100),
      },
      {
        event_type: 'agent_processing',
        data: { ...turn, text: 'So', was: { status: 'update' } },
        cursor: 'a:4',
        ...at(200),
      },
      message(5, 300),
      {
        event_type: 'agent_processing',
        data: { ...turn, text: '', was: { status: 'complete', latency_ms: 200 } },
        cursor: 'a:6',
        ...at(300),
      },
      { event_type: 'simulation_state', data: state(0.7), cursor: 'a:7', ...at(400) },
    ]),
  );

  test('knows what was known at its row, and nothing later', () => {
    const scene = sceneAt(log, 3);
    expect(scene.messages.map(({ event }) => event.cursor)).toEqual(['a:1']);
    expect(scene.speaking).toEqual([{ agent: 'ego', name: 'Ego', to: 'self', turn: 1, text: 'So' }]);
    expect([scene.stagnation, scene.mode]).toEqual([0.2, 'normal']);
    const end = sceneAt(log, 6);
    expect(end.speaking).toEqual([]);
    expect([end.stagnation, end.mode]).toEqual([0.7, 'emergency']);
  });

  test('moves by time and by message during playback, and ends live', () => {
    expect(placeAt(log, 250)?.row).toBe(3);
    expect(placeAt(log, -1)).toEqual({ row: 1, clock: 0 });
    expect(placeOfMessage(log, 6, -1)?.row).toBe(0);
    expect(placeOfMessage(log, 0, 1)?.row).toBe(4);
    expect(placeOfMessage(log, 4, 1)).toBeNull();
    const replay = { place: { row: 0, clock: 0 }, playing: true, rate: 2 };
    expect(advance(replay, log, 100).place).toEqual({ row: 3, clock: 200 });
    expect(advance(replay, log, 200).place).toBeNull();
  });
});

describe('an answer that grows', () => {
  const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1 };
  type Answer = PageEvent<'agent_processing'>;
  const answer = (text: string, ms: number, open: Partial<Answer['open'] & object> = {}): Answer => ({
    event_type: 'agent_processing',
    timestamp: new Date(START + ms).toISOString(),
    data: { ...turn, text },
    open: { id: 'agent_processing.1', kind: 'growing', state: 'open', field: 'text', ...open },
    cursor: 'a:2',
  });
  const said: PageEvent<'agent_message'> = {
    ...message(3, 2000),
    data: { ...message(3, 0).data, agent_id: 'ego', metadata: { to: 'self', turn: 1, latency_ms: 1900 } },
  };
  const speakingIn = (log: Log, row = Number.POSITIVE_INFINITY, clock?: number) =>
    sceneAt(log, row, clock).speaking.map(({ agent, text }) => [agent, text]);

  test('is one row, spoken as far as it has come, until its message comes', () => {
    const read = createLogReader();
    const first = message(1, 0);
    expect(speakingIn(read(snapshot([first, answer('', 100)])))).toEqual([['ego', '']]);
    const grown = read(snapshot([first, answer('So I', 100)]));
    expect([rows(grown), speakingIn(grown)]).toEqual([[0, 1], [['ego', 'So I']]]);
    const over = read(snapshot([first, answer('So I said', 100), said]));
    expect([rows(over), speakingIn(over)]).toEqual([[0, 1, 2], []]);
    const done = read(snapshot([first, answer('So I said', 100, { state: 'done' }), said]));
    expect([rows(done), speakingIn(done)]).toEqual([[0, 1, 2], []]);
    expect(done.byType.agent_processing[0]).toBe(done.entries[1]);
    expect(done.entries[0]).toBe(grown.entries[0]);
    expect(feedItems(sceneAt(done, 2), [], NO_FILTERS).map(({ kind }) => kind)).toEqual([
      'message',
      'message',
    ]);
    // A replay does not know words that were not said yet.
    expect(speakingIn(done, 1)).toEqual([['ego', '']]);
  });

  test.each(
    (() => {
      const [first, last] = [message(1, 0), message(9, 4000)];
      const opening = answer('', 100);
      // A settlement has its own time.
      const end = answer('So I said to it', 2001, { state: 'done' });
      return [
        { how: 'the page has seen it', seen: [[first], [first, opening], [first, end, said, last]] },
        { how: 'a subscription catches up with it', seen: [[first, end, said, last]] },
        { how: 'history has it, after its message', seen: [[first, said, end, last]] },
      ];
    })(),
  )('comes word by word in a replay, as $how', ({ seen }) => {
    const read = createLogReader();
    const log = seen.map((events) => read(snapshot(events))).at(-1) ?? read(snapshot([]));
    const wordsAt = (clock: number) => speakingIn(log, placeAt(log, clock)?.row, clock);
    expect([wordsAt(50), wordsAt(100), wordsAt(1000)]).toEqual([[], [['ego', '']], [['ego', 'So I']]]);
    expect(wordsAt(1999)).toEqual([['ego', 'So I said to']]);
    expect([wordsAt(2000), wordsAt(2001), wordsAt(3000)]).toEqual([[], [], []]);
    expect(log.entries.at(-1)?.clock).toBe(4000);
  });

  test('is spoken in a replay until it was aborted, and the reason is told then', () => {
    const read = createLogReader();
    const first = message(1, 0);
    read(snapshot([first, answer('So I', 100)]));
    const aborted = answer('So I', 2000, { state: 'aborted', reason: 'timeout: Too late.' });
    const log = read(snapshot([first, aborted, message(3, 3000)]));
    const kindsAt = (clock: number) =>
      feedItems(sceneAt(log, 1, clock), [], NO_FILTERS).map(({ kind }) => kind);
    expect(kindsAt(1500)).toEqual(['message', 'speaking']);
    expect(kindsAt(2500)).toEqual(['message', 'note']);
  });

  test.each(['done', 'aborted', 'lost'] as const)(
    'leaves no ghost when it is %s without a message',
    (state) => {
      const read = createLogReader();
      expect(speakingIn(read(snapshot([answer('So I', 100)])))).toEqual([['ego', 'So I']]);
      const settled = read(snapshot([answer('So I', 100, { state: state as 'done' })]));
      expect(speakingIn(settled)).toEqual([]);
      expect(feedItems(sceneAt(settled, 0), [], NO_FILTERS)).toEqual([]);
    },
  );

  test('is spoken for as long as it is open, even through a long pause', () => {
    const log = createLogReader()(
      snapshot([answer('So I', 0), ...[1, 2, 3, 4, 5, 6].map((seq) => message(seq, seq * 9000))]),
    );
    expect(speakingIn(log)).toEqual([['ego', 'So I']]);
  });

  test('says why it did not come, unless it was called off', () => {
    const notes = (reason: string | undefined, was?: Answer['data']['was']) => {
      const event = answer('So', 0, { state: 'aborted', reason });
      const told = was ? { ...event, data: { ...event.data, was }, open: undefined } : event;
      const scene = sceneAt(createLogReader()(snapshot([told])), 0);
      return feedItems(scene, [], NO_FILTERS).map((item) => item.kind === 'note' && item.note.text);
    };
    expect(notes('timeout: Too late: really.')).toEqual(['Too late: really.']);
    expect(notes('cancelled: Ego was interrupted.')).toEqual([]);
    expect(notes(undefined)).toEqual([]);
    expect(notes(undefined, { status: 'error', reason: 'timeout', message: 'Too late.' })).toEqual([
      'Too late.',
    ]);
    expect(notes(undefined, { status: 'error', reason: 'cancelled', message: 'Called off.' })).toEqual([]);
  });

  test('has no rows of viewers beside it', () => {
    const viewer: PageEvent<'viewer'> = {
      event_type: 'viewer',
      timestamp: new Date(START).toISOString(),
      data: { name: 'viewer 1234' },
      open: { id: 'viewer.1', kind: 'presence', state: 'open' },
      stored: false,
      cursor: 'a:1',
    };
    const log = createLogReader()(snapshot([message(1, 0), viewer, message(2, 1000)]));
    expect(log.entries.map(({ event }) => event.event_type)).toEqual(['agent_message', 'agent_message']);
    expect(rows(log)).toEqual([0, 1]);
  });
});

test('a question is open in a replay until it was answered, and keeps its place', () => {
  const asked: PageEvent<'agent_question'> = {
    event_type: 'agent_question',
    timestamp: new Date(START + 1000).toISOString(),
    data: { agent_id: 'ego', question: 'Shall we turn back?', choices: ['Turn back', 'Go on'] },
    open: { id: 'agent_question.1', kind: 'question', state: 'open' },
    cursor: 'a:2',
  };
  const answered: PageEvent<'agent_question'> = {
    ...asked,
    timestamp: new Date(START + 9000).toISOString(),
    open: { id: 'agent_question.1', kind: 'question', state: 'answered' },
    answer: { choice: 'Go on' },
    cursor: 'a:8',
  };
  // A page that was not there has the settlement alone, in the place of the opening.
  for (const known of [[asked], []]) {
    const read = createLogReader();
    const first = message(1, 0);
    read(snapshot([first, ...known]));
    const log = read(snapshot([first, answered, message(3, 2000), message(9, 10_000)]));
    expect(clocks(log)).toEqual([0, known.length > 0 ? 1000 : 2000, 2000, 10_000]);
    const answerAt = (clock: number) => {
      const { entries } = sceneAt(log, placeAt(log, clock)?.row ?? 0, clock);
      return entries.map(({ event }) => [event.open?.state, event.answer]).at(1);
    };
    expect(answerAt(8000)).toEqual(['open', undefined]);
    expect(answerAt(9500)).toEqual(['answered', { choice: 'Go on' }]);
  }
});

test('filters survive being written to the address and read from it', () => {
  const filters: Filters = {
    agents: ['shadow', 'ego'],
    types: ['agent_message', 'system_status'],
    sentiment: 'negative',
    text: 'a,b & c',
    field: { path: 'sentiment.score', operator: 'lt', value: '-0.5~' },
  };
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(writeFilters(filters)))
    if (value !== null) params.set(key, value);
  expect(readFilters(new URLSearchParams(params.toString()))).toEqual(filters);
  expect(readFilters(new URLSearchParams('sentiment=odd&where=score~nonsense~1'))).toEqual(NO_FILTERS);
});

test('the archetypes, paths and colours of the page are those of the simulation', () => {
  expect(ARCHETYPE_IDS).toEqual([...IDS]);
  expect(ARCHETYPE_IDS.map(nameOf)).toEqual(IDS.map((id) => ARCHETYPES[id].type));
  const normal = PSYCHE_PATHS.filter(({ type }) => type === 'normal').map(({ from, to }) => `${from} ${to}`);
  expect(NORMAL_PATHS.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]).sort()).toEqual(normal.sort());
  const tokens = readFileSync(join(import.meta.dirname, '../../dashboard/styles/tokens.css'), 'utf8');
  for (const id of IDS) expect(tokens).toContain(`--${id}: light-dark(${ARCHETYPES[id].color},`);
});

test('the page draws every event of the simulation by the content of its schema', () => {
  const document = toJsonSchema(simulationEvents) as unknown as SchemaDocument;
  expect([...readSchema(document).drawn]).toEqual([...simulationEvents.names]);
});
