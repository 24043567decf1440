import { inspect } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { EventsError } from '../../shared/errors.ts';
import { type HandleOptions, openHandle } from '../../shared/open/handles.ts';
import type { BegunKind, SettledState } from '../../shared/open/open-part.ts';
import { FakeClock } from '../simulation/fake-clock.ts';

/** Calls of a handle, in order, and how they are answered. */
class Server {
  readonly calls: unknown[] = [];
  text = '';
  open = true;
  state: SettledState | undefined;
  refuse: EventsError | undefined;
  /** Ends a call after it was made: its answer is lost. */
  lose: EventsError | undefined;
  readonly made = {
    append: async (at: number, text: string) => {
      this.calls.push(['append', at, text]);
      if (this.refuse) throw this.refuse;
      // As a server does: at the end it is applied, and a piece that is there already is taken for that [O4].
      if (at === this.text.length) this.text += text;
      else if (this.text.slice(at, at + text.length) !== text) throw new EventsError('CONFLICT', 'no');
      if (this.lose) throw this.lose;
      return { length: this.text.length };
    },
    update: async (data: unknown) => this.calls.push(['update', data]),
    touch: async () => {
      this.calls.push(['touch']);
      return this.open;
    },
    settle: async (state: SettledState, reason: string | undefined) => {
      this.calls.push(reason === undefined ? ['settle', state] : ['settle', state, reason]);
      if (this.state) {
        const settled = { id: 'x', state: this.state, cursor: 'e:2' } as const;
        throw new EventsError('ALREADY_SETTLED', 'no', { settled });
      }
      if (this.lose) {
        this.state = state;
        throw this.lose;
      }
      return { cursor: 'e:2' };
    },
  } satisfies HandleOptions['calls'];
}

let clock: FakeClock;
let server: Server;
beforeEach(() => {
  clock = new FakeClock();
  server = new Server();
});

function begun(kind: BegunKind, more: Partial<HandleOptions> = {}) {
  const answer = { cursor: 'e:1', id: 'x', key: 'k', resumed: false, length: 0 };
  return openHandle({ kind, begun: answer, leaseMs: 10_000, calls: server.made, clock, ...more });
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
