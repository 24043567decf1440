import { beforeEach, expect, test } from 'vitest';
import { EventsError } from '../../shared/errors.ts';
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

test('a failed piece ends the text, is told by done, and leaves abort possible', async () => {
  const reply = begun('growing');
  server.refuse = new EventsError('CONFLICT', 'no', { length: 7 });
  void reply.append('a');
  void reply.append('b');
  await expect(reply.done()).rejects.toMatchObject({ code: 'CONFLICT', length: 7 });
  expect(server.calls).toEqual([['append', 0, 'a']]);
  await reply.abort('no more');
  expect(server.calls.at(-1)).toEqual(['settle', 'aborted', 'no more']);
});

const down = new EventsError('UNAVAILABLE', 'down', { retryAfterMs: 5 });

test('text that was not taken for a passing reason is kept, and goes with the next', async () => {
  const reply = begun('growing');
  await reply.append('a');
  server.refuse = down;
  const failed = reply.append('b');
  await clock.advance(50);
  await expect(failed).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'down The text is kept, and sent with the next append, or with done.',
    retryAfterMs: 5,
  });
  await expect(reply.done()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect([server.text, reply.length]).toEqual(['a', 1]);
  server.refuse = undefined;
  const next = reply.append('c');
  await clock.advance(50);
  await next;
  expect([server.text, reply.length]).toEqual(['abc', 3]);
  server.refuse = down;
  const last = reply.append('d');
  await clock.advance(50);
  await expect(last).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  server.refuse = undefined;
  expect(await reply.done()).toEqual({ cursor: 'e:2' });
  expect(server.text).toBe('abcd');
});

test('[O4] a piece of which the answer was lost is sent again as it was, before what came after it', async () => {
  const reply = begun('growing');
  server.lose = down;
  await expect(reply.append('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  server.lose = undefined;
  void reply.append('b');
  await reply.abort();
  expect(server.calls).toEqual([
    ['append', 0, 'a'],
    ['append', 0, 'a'],
    ['append', 1, 'b'],
    ['settle', 'aborted'],
  ]);
  expect(server.text).toBe('ab');
});

test('a settlement of which the answer was lost is its own when it is tried again', async () => {
  const reply = begun('growing');
  server.lose = down;
  await expect(reply.done()).rejects.toBe(down);
  expect(await reply.done()).toEqual({ cursor: 'e:2' });
  const other = begun('growing');
  await expect(other.done()).rejects.toMatchObject({ code: 'ALREADY_SETTLED' }); // never tried by it
});

test('the lease is renewed once the server is back, and what was kept is sent', async () => {
  const reply = begun('growing');
  server.refuse = down;
  const { touch } = server.made;
  server.made.touch = async () => Promise.reject(down);
  await expect(reply.append('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await clock.advance(60_000);
  expect(server.text).toBe('');
  server.refuse = undefined;
  server.made.touch = touch;
  await clock.advance(1_250); // an eighth of the lease
  expect(server.text).toBe('a');
  await clock.advance(60_000);
  expect(server.calls.filter((call) => Array.isArray(call) && call[0] === 'touch').length).toBeGreaterThan(
    10,
  );
  await reply.done();
});

test('kept text is bounded', async () => {
  const reply = begun('growing');
  server.refuse = down;
  await expect(reply.append('x'.repeat(200_000))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(reply.append('x'.repeat(100_000))).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

test.each([
  ['CONFLICT', 'no Abort it, or begin it again with its key'],
  ['NOT_OPEN', 'no Nothing more can be done with this handle.'],
] as const)('a final failure says what can be done with the handle: %s', async (code, message) => {
  const reply = begun('growing');
  server.refuse = new EventsError(code, 'no');
  const first = await reply.append('a').catch((error: unknown) => error);
  expect(first).toMatchObject({ code, message: expect.stringContaining(message) });
  server.refuse = undefined;
  await expect(reply.append('b')).rejects.toBe(first);
  await expect(reply.done()).rejects.toBe(first);
  expect(server.text).toBe('');
});

test.each([undefined, null, 5, { text: 'a' }, ['a']])(
  '%j is no text: nothing of it is sent, and the handle goes on',
  async (text) => {
    const reply = begun('growing');
    void reply.append('a');
    expect(() => reply.append(text as unknown as string)).toThrow(
      new TypeError(`append: a text is a string, not ${text}`),
    );
    void reply.append('b');
    await reply.done();
    expect(server.text).toBe('ab');
  },
);

test('more text than an event may have is refused, and not lost in silence', async () => {
  const reply = begun('growing');
  await expect(reply.append('x'.repeat(256 * 1024 + 1))).rejects.toMatchObject({
    code: 'TOO_LARGE',
    message: expect.stringContaining('begin it again with its key'),
  });
  await expect(reply.done()).rejects.toMatchObject({ code: 'TOO_LARGE' });
});
