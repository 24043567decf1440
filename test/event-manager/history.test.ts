import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

let manager: EventManager;

beforeEach(async () => {
  manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 2000 }) });
  for (let i = 1; i <= 1500; i++) {
    await manager.publish('agent_message', agentMessage(i));
    if (i % 100 === 0) await manager.publish('system_status', systemStatus(i));
  }
});
afterEach(() => manager.close());

const messages = ({ items }: Awaited<ReturnType<EventManager['history']>>) =>
  items.flatMap(({ event }) => (event.event_type === 'agent_message' ? [Number(event.data.message)] : []));

describe('history', () => {
  test('without a position gives the latest page, oldest first', async () => {
    const page = await manager.history({ limit: 3, types: ['agent_message'] });
    expect(messages(page)).toEqual([1498, 1499, 1500]);
    expect(page.gaps).toEqual([]);
    expect(page.atEnd).toBe(true);
  });

  test('pages backward to the beginning and gives every event once', async () => {
    const seen: number[] = [];
    let before: string | null | undefined;
    do {
      const page = await manager.history({ limit: 400, types: ['agent_message'], ...(before && { before }) });
      seen.unshift(...messages(page));
      before = page.previous;
    } while (before !== null);
    expect(seen).toEqual(Array.from({ length: 1500 }, (_, i) => i + 1));
  });

  test('pages forward to the end and gives every event once, and its next cursor goes on live', async () => {
    const { items } = await manager.history({ limit: 1000 });
    const seen: number[] = [];
    let page = await manager.history({ since: items[0]?.cursor ?? '', limit: 150 });
    seen.push(...messages(page));
    while (!page.atEnd) {
      page = await manager.history({ since: page.next, limit: 150 });
      seen.push(...messages(page));
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => 1501 - seen.length + i));
    const iterator = manager.subscribe({ since: page.next })[Symbol.asyncIterator]();
    expect((await iterator.next()).value?.[1]).toMatchObject({ event_type: 'stream_synced' });
    await iterator.return?.();
  });

  test('finds rare types among many others', async () => {
    const page = await manager.history({ types: ['system_status'], limit: 10 });
    expect(
      page.items.map(
        ({ event }) => event.event_type === 'system_status' && event.data.performance_metrics.cpu_percent,
      ),
    ).toEqual([600, 700, 800, 900, 1000, 1100, 1200, 1300, 1400, 1500]);
    const older = await manager.history({ types: ['system_status'], limit: 10, before: page.previous ?? '' });
    expect(older.items).toHaveLength(5);
    expect(older.previous).toBeNull();
  });

  test('[D4] tells a gap for what was trimmed', async () => {
    const { items } = await manager.history({ limit: 1 });
    const first = items[0]?.cursor.replace(/:\d+$/, ':1') ?? '';
    for (let i = 0; i < 1000; i++) await manager.publish('agent_message', agentMessage(i));
    const page = await manager.history({ since: first, limit: 1 });
    expect(page.gaps).toEqual([
      { from: first, to: first.replace(/:1$/, ':515'), lost: 514, reason: 'trimmed' },
    ]);
  });

  test('refuses invalid options', async () => {
    await expect(manager.history({ since: 'x' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    await expect(manager.history({ limit: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    for (const since of [
      { at: 'yesterday' },
      { at: '2026-02-30T00:00:00Z' },
      { last: 0 },
      { last: Number.NaN },
    ])
      await expect(manager.history({ since })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('history: since'),
      });
    await expect(manager.history({ since: { last: 1 }, before: 'ab:1' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  test('[D9] ends a page with a mebibyte of JSON, in both directions, and omits no event', async () => {
    const large = 'x'.repeat(30 * 1024);
    const [first] = await manager.publishBatch(
      Array.from({ length: 60 }, (_, i) => ({
        event_type: 'agent_message',
        data: agentMessage(`${i} ${large}`),
      })),
    );
    const numbers = ({ items }: Awaited<ReturnType<EventManager['history']>>) =>
      items.flatMap(({ event }) =>
        event.event_type === 'agent_message' ? [Number.parseInt(event.data.message, 10)] : [],
      );
    const backward = await manager.history({ limit: 1000 });
    const fits = Math.ceil((1024 * 1024) / JSON.stringify(backward.items[0]?.event).length);
    expect(numbers(backward)).toEqual(Array.from({ length: fits }, (_, i) => 60 - fits + i));
    const before = await manager.history({ limit: 1000, before: backward.previous ?? '' });
    expect(numbers(before).at(-1)).toBe(60 - fits - 1);
    const forward = await manager.history({ limit: 1000, since: first?.cursor ?? '' });
    expect(forward.atEnd).toBe(false);
    expect(numbers(forward)).toHaveLength(fits);
    const next = await manager.history({ limit: 1000, since: forward.next });
    expect(numbers(next)[0]).toBe(1 + fits);
  });
});
