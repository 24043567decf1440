import { expect, test } from 'vitest';
import { chunksOfHandler } from '../../../agents/ai/chunks/handler-stream.ts';
import { type Clock, systemClock } from '../../../shared/timing.ts';
import { FakeClock } from '../../simulation/fake-clock.ts';
import { expectGone } from '../../support/garbage.ts';
import { settled } from '../../support/turns.ts';

/** All chunks of a handler's stream. */
async function read<T>(stream: ReadableStream<T> | AsyncIterable<T>, signal: AbortSignal, clock: Clock) {
  const chunks: T[] = [];
  for await (const chunk of chunksOfHandler(stream, signal, clock)) chunks.push(chunk);
  return chunks;
}

test('a stream that goes on past its stop is cancelled after a second, also while a chunk is waited for', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let cancelled = false;
  const stuck = new ReadableStream<string>({
    start: (controller) => controller.enqueue('one'),
    pull: () => new Promise(() => {}),
    cancel: () => {
      cancelled = true;
    },
  });
  const chunks = read(stuck, stop.signal, clock);
  await settled();
  stop.abort();
  await clock.advance(999);
  expect(cancelled).toBe(false); // it may have its last words
  await clock.advance(1);
  expect(await chunks).toEqual(['one']);
  expect(cancelled).toBe(true);
});

test('a stream that has ended, and one that fails, leave no timer; control: one that was stopped has it until its end', async () => {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    setTimer(callback) {
      timers.add(callback);
      return () => void timers.delete(callback);
    },
  };
  async function* failing(): AsyncGenerator<string> {
    yield 'one';
    throw new Error('no model');
  }
  const stop = new AbortController();
  await expect(read(failing(), stop.signal, clock)).rejects.toThrow('no model');
  stop.abort();
  expect(timers.size).toBe(0);
  let end = (): void => {};
  async function* lasting(): AsyncGenerator<string> {
    yield 'one';
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  }
  const chunks = read(lasting(), stop.signal, clock);
  await settled();
  expect(timers.size).toBe(1);
  end();
  expect(await chunks).toEqual(['one']);
  expect(timers.size).toBe(0);
});

test('chunks that were handed on are kept no longer, however long the stream goes on', async () => {
  let yielded: WeakRef<object> | undefined;
  async function* lasting(): AsyncGenerator<object> {
    for (let n = 0; n < 3; n++) {
      const chunk = { n };
      yielded ??= new WeakRef(chunk);
      yield chunk;
    }
    await new Promise(() => {});
  }
  const chunks = chunksOfHandler(lasting(), new AbortController().signal, new FakeClock());
  for (let n = 0; n < 3; n++) await chunks.next();
  void chunks.next(); // the stream goes on
  await settled();
  await expectGone(yielded ? [yielded] : []);
});

test('a handler that returns no stream is told what to return', async () => {
  for (const returned of [undefined, 'a text', { toUIMessageStream() {} }]) {
    const chunks = chunksOfHandler(returned as never, new AbortController().signal, systemClock);
    await expect(chunks.next()).rejects.toThrow('such as streamText(…).toUIMessageStream()');
  }
});
