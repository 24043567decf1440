import { afterEach, expect, test, vi } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { turns } from '../support/turns.ts';
import { holdTimeouts } from './timeouts.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Attach = ReturnType<EventManager['subscribe']>['attach'];

/** A reader that closes its feed with the nth batch that it takes, as a slow one that is cut does. */
function closingReader(attach: Attach, nth: number, room: boolean) {
  const seen = { taken: 0, waitedFor: 0, failed: 0 };
  const feed = attach({
    name: 'closing',
    take() {
      if (++seen.taken === nth) feed.close();
      return room || seen.taken !== nth;
    },
    waitedFor: () => seen.waitedFor++,
    fail: () => seen.failed++,
  });
  return { feed, seen };
}

const CHOICES = [{ topic: 'default' }, { topics: ['default', 'other'] }];

for (const choice of CHOICES) {
  for (const nth of [1, 2]) {
    test(`a feed that is closed by what takes its items stays closed: ${JSON.stringify(choice)}, batch ${nth}`, async () => {
      await using manager = closing(new EventManager({ broker: new MemoryBroker() }));
      for (const topic of ['default', 'other'])
        await manager.publish('agent_message', agentMessage(1), { topic });
      const subscription = manager.subscribe({ ...choice, since: { last: 5 } });
      const { feed, seen } = closingReader((reader) => subscription.attach(reader), nth, false);
      await expect.poll(() => seen.taken).toBe(nth);
      await turns(5);
      feed.resume();
      await manager.publish('agent_message', agentMessage(2));
      await turns(5);
      expect(seen).toEqual({ taken: nth, waitedFor: 0, failed: 0 });
      expect(manager.stats().subscribers).toBe(0);
    });
  }
}

test('a paced hub that is closed by what takes its items starts no interval', async () => {
  holdTimeouts();
  const everyMs = 12_345; // of no other timer: files share a process
  const setTimeouts = vi.spyOn(globalThis, 'setTimeout');
  const started: number[] = [];
  for (const within of [true, false]) {
    setTimeouts.mockClear();
    await using manager = closing(new EventManager({ broker: new MemoryBroker() }));
    const subscription = manager.subscribe({ every: everyMs });
    const { feed, seen } = closingReader((reader) => subscription.attach(reader), within ? 2 : 9, true);
    while (seen.taken < 1) await turns(1);
    await manager.publish('agent_message', agentMessage(1));
    while (seen.taken < 2) await turns(1);
    feed.close();
    started.push(setTimeouts.mock.calls.filter(([, ms]) => ms === everyMs).length);
  }
  expect(started).toEqual([0, 1]);
});

/** A manager that is closed at the end of its block. */
function closing(manager: EventManager): EventManager & AsyncDisposable {
  return Object.assign(manager, { [Symbol.asyncDispose]: () => manager.close() });
}
