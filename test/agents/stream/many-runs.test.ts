import { expect, test } from 'vitest';
import type { ChatChunk } from '../../../agents/ai/chunks/chat-chunk.ts';
import { chatDialect } from '../../../agents/ai/chunks/chat-dialect.ts';
import { type ReadItem, StreamReader } from '../../../agents/stream/stream-reader.ts';

const RUNS = 200;
const GROWTHS = 10;

test('each item of many runs at the same time is looked at a few times, however many runs wait', () => {
  const reader = new StreamReader<ChatChunk>(chatDialect);
  const told: ChatChunk[] = [];
  let looks = 0;
  let items = 0;
  const take = (event_type: string, data: object, open: object, rest: object = {}): void => {
    const item = {
      get event_type() {
        looks++;
        return event_type;
      },
      data,
      open: { kind: 'growing', ...open },
      ...rest,
    };
    told.push(...reader.take(item as ReadItem, `e:${++items}`));
  };
  const each = (one: (run_id: string) => void): void => {
    for (let n = 0; n < RUNS; n++) one(`r${n}`);
  };
  const run = (run_id: string, state: string): void =>
    take('run', { run_id, kind: 'chat', input: null, outcome: '' }, { id: `run-${run_id}`, state });
  const text = (run_id: string, length: number, state: string, rest?: object): void => {
    const data = {
      run_id,
      part: 't',
      n: 0,
      start: { type: 'text-start', id: '0' },
      text: 'x'.repeat(length),
    };
    take('chat_text', data, { id: `text-${run_id}`, state }, rest);
  };
  each((id) => run(id, 'open'));
  each((id) => text(id, 0, 'open'));
  for (let n = 1; n <= GROWTHS; n++) each((id) => text(id, n, 'open', { stored: false }));
  each((id) => text(id, GROWTHS + 1, 'done'));
  each((id) => run(id, 'done'));
  const texts = told.flatMap((chunk) => (chunk.type === 'text-delta' ? chunk.delta : []));
  expect(texts.join('')).toBe('x'.repeat((GROWTHS + 1) * RUNS));
  expect(told.filter(({ type }) => type === 'text-end')).toHaveLength(RUNS);
  // Of what a run has grown by while it waited the latest alone is told.
  expect(texts).toHaveLength(GROWTHS + 1 + 2 * (RUNS - 1));
  expect(looks / items).toBeLessThan(20);
});

/** The items of two runs, of which the second waits for the end of the first. */
function two() {
  const reader = new StreamReader<ChatChunk>(chatDialect);
  const told: ChatChunk[] = [];
  let seq = 0;
  const take = (event_type: string, data: object, rest: object = {}): void =>
    void told.push(...reader.take({ event_type, data, ...rest } as ReadItem, `e:${++seq}`));
  const grows = (id: string, state: string) => ({ open: { id, kind: 'growing', state } });
  return {
    reader,
    told,
    take,
    run: (run_id: string, state: string) =>
      take('run', { run_id, kind: 'chat', input: null, outcome: '' }, grows(`run-${run_id}`, state)),
    text: (run_id: string, text: string, rest: object = {}) => {
      const start = { type: 'text-start', id: '0' };
      take(
        'chat_text',
        { run_id, part: 't', n: 0, start, text },
        { ...grows(`text-${run_id}`, 'open'), ...rest },
      );
    },
    note: (run_id: string, type: string) => take('chat_chunk', { run_id, chunk: { type, data: run_id } }),
    synced: () => take('stream_synced', {}),
  };
}

test('a run that is erased while it waits is told without what was erased, and is over', () => {
  const { reader, told, take, run, text, note, synced } = two();
  run('r1', 'open');
  run('r2', 'open');
  text('r2', '');
  note('r2', 'data-erased');
  note('r2', 'data-kept');
  text('r2', 'a secret', { stored: false });
  synced();
  const gap = {
    from: 'e:1',
    to: 'e:4',
    lost: 3,
    reason: 'erased',
    runs: [[1, 4]],
    open: ['run-r2', 'text-r2'],
  };
  take('stream_gap', gap);
  run('r1', 'done');
  expect(told.map(({ type }) => type)).toEqual(['start', 'start', 'data-kept', 'error']);
  expect(reader.isIdle).toBe(true);
  expect(reader.hasEnded('r2')).toBe(true);
});

test('a run of which all is erased while it waits ends too; what another has grown by is told in its place', () => {
  const { reader, told, take, run, text, note, synced } = two();
  run('r1', 'open');
  for (const id of ['r2', 'r3']) {
    run(id, 'open');
    note(id, 'data-first');
    text(id, '');
    text(id, 'a', { stored: false });
  }
  synced();
  take('stream_gap', {
    ...{ from: 'e:1', to: 'e:7', lost: 4, reason: 'erased' },
    ...{
      runs: [
        [1, 4],
        [6, 7],
      ],
      open: ['run-r2', 'text-r2'],
    },
  });
  text('r3', 'ab', { stored: false });
  run('r1', 'done');
  run('r3', 'done');
  expect(told.map((chunk) => ('delta' in chunk ? chunk.delta : chunk.type))).toEqual([
    ...['start', 'start', 'error'],
    ...['start', 'text-start', 'ab', 'text-end'],
  ]);
  expect(reader.isIdle).toBe(true);
});

test('a run that waits and was complete when it was published ends once', () => {
  const { told, take, run, synced } = two();
  run('r1', 'open');
  take('run', { run_id: 'r2', kind: 'chat', input: null, outcome: '' });
  synced();
  run('r1', 'done');
  expect(told.map(({ type }) => type)).toEqual(['start', 'start']);
});
