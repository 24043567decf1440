import { expect, test } from 'vitest';
import type { Batch } from '../../server/event-manager/hubs/hub.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';

const TEXT = 'x'.repeat(30 * 1024);
/** About three batches of a hub. */
const EVENTS = 25;

/** Makes handing out each batch take `ms`, as thousands of subscribers do. Returns the batches, and the turns they took. */
async function handOut(ms: number): Promise<{ batches: number; turns: number }> {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const seen: number[] = [];
  let batches = 0;
  let isLevel = false;
  const turns = new Set<number>();
  let turn = 0;
  let isOver = false;
  const count = (): void => {
    turn++;
    if (!isOver) setImmediate(count);
  };
  const busy = {
    name: 'busy',
    take: ({ records }: Batch) => {
      if (records[0]?.type === 'stream_synced') {
        isLevel = true;
        return true;
      }
      batches++;
      turns.add(turn);
      for (const { json } of records) seen.push(Number.parseInt(JSON.parse(json).data.message, 10));
      for (const until = performance.now() + ms; performance.now() < until; );
      return true;
    },
    waitedFor: () => {},
    fail: () => {},
  };
  const feed = manager.subscribe().attach(busy);
  await expect.poll(() => isLevel).toBe(true);
  count();
  await Promise.all(
    Array.from({ length: EVENTS }, (_, n) => manager.publish('agent_message', agentMessage(`${n} ${TEXT}`))),
  );
  await expect.poll(() => seen).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  isOver = true;
  feed.close();
  await manager.close();
  return { batches, turns: turns.size };
}

test('a burst that takes long to hand out is spread over turns of the event loop, in order', async () => {
  const { batches, turns } = await handOut(20);
  expect(batches).toBeGreaterThan(2);
  expect(turns).toBe(batches);
});

test('control: a short burst is handed out at once', async () => {
  const { batches, turns } = await handOut(0);
  expect(turns).toBeLessThan(batches);
});
