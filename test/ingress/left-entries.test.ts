import { describe, expect, test } from 'vitest';
import type { IngressTarget } from '../../server/ingress/ingress.ts';
import { IngressStream } from '../../server/ingress/ingress-stream.ts';
import { EventsError } from '../../shared/index.ts';
import { message, setUp, WAIT } from './ingress-worker.ts';

/** Longer than any test: nobody takes over what another process has. */
const NEVER_MS = 600_000;

/** A manager that cannot publish to some topics. @param refuses told of each attempt; true: it fails */
function refusing(refuses: (topic: string) => boolean) {
  return (manager: IngressTarget): IngressTarget => ({
    catalog: manager.catalog,
    publish: async (type, data, options) => {
      if (refuses(options.topic)) throw new EventsError('UNAVAILABLE', 'not now');
      return manager.publish(type, data, options);
    },
  });
}

describe('entries that could not be moved', () => {
  test('are moved before those that came after them', async () => {
    const { add, work, messages, isEmpty } = setUp();
    for (let n = 0; n < 3; n++) await add(message(n));
    let outage = true;
    let attempts = 0;
    work({
      claimAfterMs: NEVER_MS,
      wrap: refusing(() => {
        attempts++;
        return outage;
      }),
    });
    await expect.poll(() => attempts, WAIT).toBeGreaterThan(2);
    for (let n = 3; n < 150; n++) await add(message(n));
    outage = false;
    await expect.poll(isEmpty, WAIT).toBe(true);
    expect(await messages()).toEqual(Array.from({ length: 150 }, (_, n) => String(n)));
  });

  test('are moved in order though the answer that had them was lost', async () => {
    const { add, work, messages, isEmpty } = setUp();
    let losses = 0;
    class LossyStream extends IngressStream {
      override async next() {
        const entries = await super.next();
        if (entries.length === 0 || losses > 0) return entries;
        losses++;
        for (let n = 3; n < 6; n++) await add(message(n));
        throw new EventsError('UNAVAILABLE', 'no answer');
      }
    }
    for (let n = 0; n < 3; n++) await add(message(n));
    work({ stream: LossyStream, claimAfterMs: NEVER_MS });
    await expect.poll(isEmpty, WAIT).toBe(true);
    expect(await messages()).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  test('keep no entries of other topics from their turn', async () => {
    const { add, work, messages } = setUp();
    for (let n = 0; n < 150; n++) await add({ ...message(n), topic: 'refused' });
    const attempts = new Map<string, number>();
    work({
      wrap: refusing((topic) => {
        attempts.set(topic, (attempts.get(topic) ?? 0) + 1);
        return topic === 'refused';
      }),
    });
    // Each of them was tried as a new one, and again as one that was left.
    await expect.poll(() => attempts.get('refused') ?? 0, WAIT).toBeGreaterThan(300);
    await add({ ...message('other'), topic: 'taken' });
    await expect.poll(() => messages('taken'), WAIT).toEqual(['other']);
  });

  test('do not hide those that a process has left behind them', async () => {
    const { producer, key, add, work, messages } = setUp();
    await producer.xgroup('CREATE', key, 'psyche-events', '0', 'MKSTREAM');
    const take = (who: string) => producer.xreadgroup('GROUP', 'psyche-events', who, 'STREAMS', key, '>');
    await Promise.all(Array.from({ length: 1100 }, (_, n) => add({ ...message(n), topic: 'busy' })));
    await take('at work');
    const id = await add(message('left'));
    await take('dead');
    await producer.xclaim(key, 'psyche-events', 'dead', 0, String(id), 'IDLE', NEVER_MS);
    work({ claimAfterMs: NEVER_MS / 2 });
    await expect.poll(() => messages(), WAIT).toEqual(['left']);
  });
});
