import { describe, expect, test } from 'vitest';
import type { IngressTarget } from '../../server/ingress/ingress.ts';
import { EventsError } from '../../shared/index.ts';
import { TurnCount } from '../support/turn-count.ts';
import { message, setUp, WAIT } from './ingress-worker.ts';

const COUNT = 20;
const NUMBERS = Array.from({ length: COUNT }, (_, n) => String(n));

/** An entry whose data is longer than its event. */
function padded(n: string, chars: number) {
  const { event_type, data } = message(n);
  return { event_type, data: data + ' '.repeat(chars) };
}

/** In how many turns of the event loop entries are read, and published, that are all there at once. */
async function turnsOf(chars: number): Promise<{ read: number; published: number }> {
  const { add, work, messages } = setUp();
  for (const n of NUMBERS) await add(padded(n, chars));
  using turns = new TurnCount();
  const readIn = new Set<number>();
  const publishedIn = new Set<number>();
  const wrap = (manager: IngressTarget): IngressTarget => ({
    get catalog() {
      readIn.add(turns.now);
      return manager.catalog;
    },
    publish(...args) {
      publishedIn.add(turns.now);
      return manager.publish(...args);
    },
  });
  work({ wrap });
  await expect.poll(messages, WAIT).toEqual(NUMBERS);
  return { read: readIn.size, published: publishedIn.size };
}

describe('entries that are there at once', () => {
  test('are read and published in one turn of the event loop each where they are large', async () => {
    expect(await turnsOf(200_000)).toEqual({ read: COUNT, published: COUNT });
  });

  test('control: share a turn where they are small', async () => {
    expect(await turnsOf(100)).toEqual({ read: 1, published: 1 });
  });

  test('do not pass one of their topic whose turn came before and that could not be stored', async () => {
    const { add, work, messages } = setUp();
    for (const n of NUMBERS) await add(padded(n, 200_000));
    await add({ ...message('other'), topic: 'other' });
    let refused = 0;
    const wrap = (manager: IngressTarget): IngressTarget => ({
      catalog: manager.catalog,
      async publish(type, data, options) {
        if (options.topic !== 'other' && refused++ === 0) throw new EventsError('OVERLOADED', 'not now');
        return manager.publish(type, data, options);
      },
    });
    work({ wrap });
    await expect.poll(messages, WAIT).toEqual(NUMBERS);
    await expect.poll(() => messages('other'), WAIT).toEqual(['other']);
  });
});
