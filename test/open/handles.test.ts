import { inspect } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import type { HandleOptions } from '../../shared/open/handles.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import { FakeClock } from '../simulation/fake-clock.ts';
import { HandleServer } from './handle-server.ts';

let clock: FakeClock;
let server: HandleServer;
beforeEach(() => {
  clock = new FakeClock();
  server = new HandleServer();
});

function begun(kind: BegunKind, more: Partial<HandleOptions> = {}) {
  return server.begun(kind, clock, more);
}

test('the first piece is sent at once, and those of the next 50 ms are joined', async () => {
  const reply = begun('growing');
  await reply.append('a');
  const later = [reply.append('b'), reply.append('c')];
  expect(server.calls).toEqual([['append', 0, 'a']]);
  await clock.advance(50);
  await Promise.all(later);
  expect(server.calls.at(-1)).toEqual(['append', 1, 'bc']);
  expect(reply.length).toBe(3);
});

test('a reason is cut where it is too long, and well-formed', async () => {
  await begun('growing').abort(`${'x'.repeat(999)}😀 and more`);
  await begun('growing').abort('\ud83d');
  await begun('growing').abort();
  expect(server.calls).toEqual([
    ['settle', 'aborted', `${'x'.repeat(999)}\ufffd`],
    ['settle', 'aborted', '\ufffd'],
    ['settle', 'aborted'],
  ]);
});

test('a settlement comes after all of the text', async () => {
  const reply = begun('growing');
  for (const piece of ['one ', 'two ', 'three']) void reply.append(piece);
  expect(await reply.done()).toEqual({ cursor: 'e:2' });
  expect(server.text).toBe('one two three');
  expect(server.calls.at(-1)).toEqual(['settle', 'done']);
});

test('no surrogate pair is split, between pieces or within a long one', async () => {
  const reply = begun('growing');
  void reply.append('\ud83d');
  void reply.append(`\ude00${'😀'.repeat(20_000)}x\ud83d`);
  await reply.done();
  const pieces = server.calls.flatMap((call) =>
    Array.isArray(call) && call[0] === 'append' ? [call[2]] : [],
  );
  for (const piece of pieces) expect(piece).not.toMatch(/\p{Cs}/u);
  expect(server.text).toBe(`😀${'😀'.repeat(20_000)}x\ufffd`);
});

test('control characters are not sent', async () => {
  const reply = begun('growing');
  await reply.append('a\u0000b\u001b[31m\tc\n');
  expect(server.text).toBe('ab[31m\tc\n');
  void reply.append('\u0000');
  await clock.advance(1_000);
  expect(server.calls.filter((call) => Array.isArray(call) && call[0] === 'append')).toHaveLength(1);
});

test('a resumed event goes on after the text that is there', async () => {
  server.text = 'so it';
  const reply = begun('growing', { begun: { cursor: 'e:1', id: 'x', key: 'k', resumed: true, length: 5 } });
  await reply.append('a');
  expect(server.calls).toEqual([['append', 5, 'a']]);
});

test('the lease is renewed at half of it, counted from the last change', async () => {
  const reply = begun('growing');
  await clock.advance(4_000);
  await reply.append('a');
  await clock.advance(4_999);
  expect(server.calls).toEqual([['append', 0, 'a']]);
  await clock.advance(1);
  expect(server.calls.at(-1)).toEqual(['touch']);
  await reply.done();
  await clock.advance(60_000);
  expect(server.calls.filter((call) => Array.isArray(call) && call[0] === 'touch')).toHaveLength(1);
});

test('an event that is not open any more is told once, and not renewed', async () => {
  let lost = 0;
  begun('presence', { onLost: () => lost++ });
  server.open = false;
  await clock.advance(60_000);
  expect([lost, server.calls]).toEqual([1, [['touch']]]);
});

test('a presence is updated with the latest of its data, and leaves when it is closed', async () => {
  const me = begun('presence');
  await me.update(1);
  void me.update(2);
  const last = me.update(3);
  await clock.advance(50);
  await last;
  await me.close();
  await me.close();
  expect(server.calls).toEqual([
    ['update', 1],
    ['update', 3],
    ['settle', 'left'],
  ]);
});

test('closing aborts a growing event that was not settled, and lets a question wait', async () => {
  await begun('growing').close();
  await begun('question').close();
  expect(server.calls).toEqual([['settle', 'aborted']]);
});

test('closing waits for a settlement that is on its way', async () => {
  const reply = begun('growing');
  void reply.append('a');
  void reply.append('b');
  void reply.done();
  await reply.close();
  expect(server.calls.slice(2)).toEqual([['settle', 'done']]);
});

test('its end is told once', async () => {
  let ends = 0;
  const reply = begun('growing', { onEnd: () => ends++ });
  await reply.append('a');
  expect(ends).toBe(0);
  await reply.done();
  await reply.close();
  expect(ends).toBe(1);
});

test('an event that was settled before is not renewed', async () => {
  const settled = { id: 'x', state: 'done', cursor: 'e:2' } as const;
  const reply = begun('growing', { begun: { cursor: 'e:1', id: 'x', key: 'k', resumed: false, settled } });
  await clock.advance(60_000);
  expect([reply.settled, server.calls]).toEqual([settled, []]);
});

test('printed it has its length, and not its key', async () => {
  const reply = begun('growing', { begun: { cursor: 'e:1', id: 'x', key: 'secret', resumed: false } });
  await reply.append('ab');
  expect(JSON.parse(JSON.stringify(reply))).toEqual({ cursor: 'e:1', id: 'x', resumed: false, length: 2 });
  expect(inspect(reply)).toContain('length: 2');
  expect(inspect(reply)).not.toContain('secret');
  expect(reply.key).toBe('secret');
});
