import { expect, test } from 'vitest';
import type { ChatChunk } from '../../../agents/ai/chunks/chat-chunk.ts';
import { chatDialect } from '../../../agents/ai/chunks/chat-dialect.ts';
import { formatPlace, parsePlace } from '../../../agents/stream/place.ts';
import { type ReadItem, StreamReader } from '../../../agents/stream/stream-reader.ts';

const start = { type: 'text-start', id: '0', metadata: { of: ['all'] } };
const run = { id: 'r1', at: 'e:7', parts: [['t', { id: 'e.5', length: 3, start }]] as const };

test('a place is the same after it was written as text', () => {
  for (const place of [
    { since: 'e:5', ended: [] },
    { since: 'e:5', ended: ['r0'] },
    { since: 'e:5', run, ended: ['r0'] },
  ])
    expect(parsePlace(formatPlace(place))).toEqual(place);
  expect(parsePlace('{"since":"e:5"}')).toEqual({ since: 'e:5', ended: [] });
});

test.each([
  'nonsense',
  '{',
  '[]',
  '{}',
  '{"since":5}',
  '{"since":"e:99999999999999999"}',
  ...[
    null,
    7,
    {},
    { ...run, id: 7 },
    { ...run, at: 7 },
    { ...run, at: 'nowhere' },
    { ...run, at: undefined },
  ].map((other) => JSON.stringify({ since: 'e:5', run: other })),
  ...[null, {}, [1], [null], [['t']], [['t', null]], [['t', { id: 'e.5', length: '3', start }]]].map(
    (parts) => JSON.stringify({ since: 'e:5', run: { ...run, parts } }),
  ),
  ...[[['t', { id: 'e.5', length: 3, start: null }]], [['t', { id: 'e.5', length: 3, start: {} }]]].map(
    (parts) => JSON.stringify({ since: 'e:5', run: { ...run, parts } }),
  ),
  ...[null, 'r0', [7]].map((ended) => JSON.stringify({ since: 'e:5', ended })),
])('%s is no place, and refused by a typed error', (text) => {
  expect(() => parsePlace(text)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
});

test('a record of the number of one that was told before is told, once the log was rewound within its epoch', () => {
  const told = (rewinds: boolean) => {
    const reader = new StreamReader<ChatChunk>(chatDialect, {
      place: { since: 'e:5', run: { id: 'r1', at: 'e:7', parts: [] }, ended: [] },
    });
    const gap = { from: 'e:7', to: 'e:4', lost: null, reason: 'epoch_changed' };
    const items: [object, string][] = [
      ...(rewinds ? [[{ event_type: 'stream_gap', data: gap }, 'e:4'] satisfies [object, string]] : []),
      [{ event_type: 'chat_chunk', data: { run_id: 'r1', chunk: { type: 'data-note', data: 1 } } }, 'e:6'],
    ];
    const chunks = items.flatMap(([item, cursor]) => [...reader.take(item as ReadItem, cursor)]);
    return chunks.map(({ type }) => type);
  };
  expect(told(false)).not.toContain('data-note');
  expect(told(true)).toContain('data-note');
});
