import { describe, expect, test } from 'vitest';
import type { PageEvent } from '../../dashboard/events.ts';
import { feedItems } from '../../dashboard/model/feed-items.ts';
import type { Filters } from '../../dashboard/model/filters.ts';
import { createLogReader, type Log } from '../../dashboard/model/log.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { speakingAt } from '../../dashboard/model/speaking.ts';
import { placeAt } from '../../dashboard/state/moment/playback.ts';
import { asked, clocks, message, rows, START, snapshot } from './snapshots.ts';

const NO_FILTERS: Filters = { agents: [], types: [], sentiment: null, text: '', field: null };

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
    const before = read(snapshot([first, answer('', 100)]));
    expect(speakingIn(before)).toEqual([['ego', '']]);
    const grown = read(snapshot([first, answer('So I', 100)]));
    expect([rows(grown), speakingIn(grown)]).toEqual([[0, 1], [['ego', 'So I']]]);
    expect(grown.byType.agent_message).toBe(before.byType.agent_message);
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

  test.each([
    { how: 'has no spaces', text: '我说过这件事'.repeat(20), half: 60 },
    { how: 'has no spaces, and characters of two parts', text: `a${'🜁'.repeat(60)}`, half: 59 },
    {
      how: 'has a thousand times as many spaces',
      text: `${' '.repeat(32_000)}${'So I said. '.repeat(50)}`,
      half: 0,
    },
  ])('comes in a replay at once, and evenly, when it $how', ({ text, half }) => {
    const end = answer(text, 2001, { state: 'done' });
    const log = createLogReader()(snapshot([message(1, 0), end, said, message(9, 4000)]));
    const wordsAt = (clock: number) => speakingIn(log, placeAt(log, clock)?.row, clock)[0]?.[1] ?? '';
    const before = process.cpuUsage();
    expect(text.startsWith(wordsAt(1999))).toBe(true);
    expect(wordsAt(1050)).toHaveLength(half);
    // Ten times a second: an expression that tries every space took five seconds.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
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

  test('is looked for once among the messages, however many agents answer', () => {
    const agents = 300;
    let looks = 0;
    const events = Array.from({ length: agents }, (_, index) => {
      const agent_id = `agent ${index}`;
      const begun = answer('So I', index, { id: `agent_processing.${index}` });
      return [
        { ...said, data: { ...said.data, agent_id }, cursor: `a:${2 * index + 1}` },
        { ...begun, data: { ...begun.data, agent_id }, cursor: `a:${2 * index + 2}` },
      ];
    });
    const log = createLogReader()(snapshot(events.flat()));
    const counted = log.byType.agent_message.map((entry) => ({
      ...entry,
      get event() {
        looks++;
        return entry.event;
      },
    }));
    expect(speakingAt(log.byType.agent_processing, counted, 0)).toHaveLength(agents);
    expect(looks).toBeLessThanOrEqual(agents);
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
