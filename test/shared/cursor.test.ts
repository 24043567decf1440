import { expect, test } from 'vitest';
import { formatCursor, parseCursor } from '../../shared/cursor.ts';
import { CloseCode, mayReconnect } from '../../shared/protocol.ts';
import { parseTopic } from '../../shared/topic.ts';

test('a cursor is exactly <epoch>:<seq>', () => {
  const position = { epoch: '4f1c9a', seq: 12 };
  expect(parseCursor(formatCursor(position))).toEqual(position);
  for (const text of [
    '',
    '4f1c9a',
    '4f1c9a:',
    ':12',
    '4f1c9a:012',
    '4f1c9a:-1',
    '4f1c9a:1.5',
    '4f:1:2',
    'é:1',
    `a:${'9'.repeat(17)}`,
    `a:${2 ** 53}`,
  ]) {
    expect(() => parseCursor(text), text).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
  }
});

test('a topic has a name that is safe in keys, channels and files', () => {
  expect(parseTopic()).toBe('default');
  for (const topic of ['run-42', '_x', 'a.b', 'A'.repeat(128)]) expect(parseTopic(topic)).toBe(topic);
  for (const topic of ['', '.x', 'a b', 'a/b', 'a{b}', 'ü', 'A'.repeat(129)]) {
    expect(() => parseTopic(topic), topic).toThrow(expect.objectContaining({ code: 'INVALID_TOPIC' }));
  }
});

test('[D13] a client must not reconnect after codes 4500–4999, and may after all others', () => {
  expect(
    [CloseCode.SLOW_CONSUMER, CloseCode.TOKEN_EXPIRED, CloseCode.GOING_AWAY, 1006, 4499, 5000].every(
      mayReconnect,
    ),
  ).toBe(true);
  expect([CloseCode.FORBIDDEN, 4500, 4999].some(mayReconnect)).toBe(false);
});
