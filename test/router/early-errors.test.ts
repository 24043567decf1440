import { initTRPC } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { expect, test } from 'vitest';
import { hearErrors } from '../../server/trpc/tracked-items.ts';
import { settled } from '../support/turns.ts';

const t = initTRPC.create({ sse: { ping: { enabled: true, intervalMs: 60_000 } } });

/** Errors that nobody heard while something was done: elsewhere each would have ended the process. */
async function unheardDuring(act: () => Promise<void>): Promise<unknown[]> {
  const unheard: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error) => unheard.push(error));
  try {
    await act();
    await settled(); // they are told of in the turn after
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
  return unheard;
}

/** Subscribes by server-sent events, reads nothing, and has the stream fail after its first item. */
async function failUnread(prepare: (stream: AsyncIterable<number>) => void): Promise<string> {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  let isNextAsked = false;
  const router = t.router({
    numbers: t.procedure.subscription(() => {
      const stream = (async function* () {
        for (let n = 0; n < 10; n++) yield n;
        isNextAsked = true;
        await failed;
      })();
      prepare(stream);
      return stream;
    }),
  });
  const req = new Request('http://localhost/numbers', { headers: { accept: 'text/event-stream' } });
  const response = await fetchRequestHandler({ endpoint: '/', router, req });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async () => {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    text += value ?? '';
    return !done;
  };
  // Up to where the next item was asked for, and the one before it waits to be read.
  while (!text.includes('data: 6')) await read();
  await expect.poll(() => isNextAsked).toBe(true);
  fail(new Error('the stream failed'));
  await settled();
  while (await read());
  return text;
}

test('an error that comes while the client does not read is handled, and sent once it reads', async () => {
  let text = '';
  const unheard = await unheardDuring(async () => {
    text = await failUnread(hearErrors);
  });
  expect(unheard).toEqual([]);
  expect(text).toContain('data: 9');
  expect(text).toContain('event: serialized-error');
});

test('control: tRPC alone leaves such an error as an unhandled rejection', async () => {
  const unheard = await unheardDuring(async () => {
    await failUnread(() => {});
  });
  expect(unheard).toMatchObject([{ message: 'the stream failed' }]);
});

test('a result that is no stream is left unchanged', () => {
  for (const result of [undefined, null, 1, 'text', { data: 1 }])
    expect(() => hearErrors(result)).not.toThrow();
});
