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
