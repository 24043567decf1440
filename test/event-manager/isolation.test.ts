import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { decodeRecord } from '../../server/event-manager/records/stream-record.ts';
import { createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { Collector } from '../support/collect.ts';

const catalog = defineEvents({
  plain: z.object({ text: z.string(), list: z.array(z.object({ n: z.number() })) }),
  rich: z.object({ at: z.date(), tags: z.set(z.string()), deep: z.object({ n: z.number() }) }),
});
type Data = { text: string; list: { n: number }[]; at: Date; tags: Set<string>; deep: { n: number } };

const PLAIN = { text: 'original', list: [{ n: 1 }] };
const rich = () => ({ at: new Date(7), tags: new Set(['a']), deep: { n: 1 } });

let manager: EventManager<typeof catalog>;
beforeEach(() => {
  manager = new EventManager({ catalog, broker: new MemoryBroker() });
});
afterEach(() => manager.close());

/** Tries to change all there is of an event. */
function spoil(event: { data: unknown }): void {
  const data = event.data as Partial<Data>;
  const attempts = [
    () => data.list?.push({ n: 2 }),
    () => Object.assign(data.list?.[0] ?? {}, { n: 3 }),
    () => data.at?.setTime(99),
    () => data.tags?.clear(),
    () => Object.assign(data.deep ?? {}, { n: 4 }),
    () => Object.assign(data, { text: 'changed' }),
    () => Object.assign(event, { data: null }),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError); // it is frozen
    }
  }
}

async function publishBoth(): Promise<void> {
  await manager.publish('plain', PLAIN);
  await manager.publish('rich', rich());
}

test('[D11] changes that a listener makes to its event are invisible to others', async () => {
  const heard: unknown[] = [];
  manager.addListener(spoil);
  manager.addListener(({ data }) => heard.push(structuredClone(data)));
  using stream = new Collector((signal) => manager.subscribe({ since: { last: 10 }, signal }));
  await publishBoth();
  await expect.poll(() => heard).toEqual([PLAIN, rich()]);
  await expect
    .poll(() => [...stream.ofType('plain'), ...stream.ofType('rich')].map(({ data }) => data))
    .toEqual([PLAIN, rich()]);
  const { items } = await manager.history();
  expect(items.map(({ event }) => event.data)).toEqual([PLAIN, rich()]);
  expect(manager.stats().errors.listener).toBe(0);
});

test('[D11] changes that readers of history, subscriptions and replays make are invisible to others', async () => {
  await publishBoth();
  const caller = createAppRouter(manager).createCaller({});
  for (let times = 0; times < 2; times++) {
    for (const { items } of [await manager.history(), await caller.history()]) {
      expect(items.map(({ event }) => event.data)).toEqual([PLAIN, rich()]);
      for (const { event } of items) spoil(event);
    }
    for (const subscribe of [
      (signal: AbortSignal) => manager.subscribe({ since: { last: 10 }, signal }),
      (signal: AbortSignal) => manager.replay({ speed: 1_000_000, signal }),
    ]) {
      using stream = new Collector(subscribe);
      const items = await stream.count(3);
      expect(items.slice(0, 2).map(({ data }) => data)).toEqual([PLAIN, rich()]);
      for (const item of items) spoil(item);
    }
  }
});

test('control: one decoded object for all would show such changes', () => {
  const record = { epoch: 'e', seq: 1, cursor: 'e:1', type: 'plain', json: JSON.stringify({ data: PLAIN }) };
  Object.assign(decodeRecord(record).data as object, { text: 'changed' });
  expect(decodeRecord(record).data).toMatchObject({ text: 'changed' });
});
