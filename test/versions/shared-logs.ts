import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, vi } from 'vitest';
import * as z from 'zod';
import type { Broker } from '../../server/broker/broker.ts';
import { EventManager, MemoryBroker, RedisBroker, SqliteBroker } from '../../server/index.ts';
import { type AnyCatalog, defineEvents } from '../../shared/index.ts';

/** A log that processes use one after another, or several at once where it can be. */
export interface SharedLog extends AsyncDisposable {
  open(): Promise<Broker>;
}

/** Places where logs are kept, and a log there. */
export const kinds: [string, () => SharedLog][] = [
  [
    'in memory',
    () => {
      const broker = new MemoryBroker();
      // What another process would have written is unknown to this one.
      const view: Broker = {
        publish: (topic, entries) =>
          broker.publish(
            topic,
            entries.map(({ validatedBy: _, ...entry }) => entry),
          ),
        erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
        read: (...call) => broker.read(...call),
        bounds: (topic) => broker.bounds(topic),
        seek: (...call) => broker.seek(...call),
        tail: (topic, sink) => broker.tail(topic, sink),
        topics: (sink) => broker.topics(sink),
        close: async () => {},
      };
      return { open: async () => view, [Symbol.asyncDispose]: () => broker.close() };
    },
  ],
  [
    'in a file',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'psyche-'));
      return {
        open: () => SqliteBroker.open({ path: join(directory, 'log.db') }),
        async [Symbol.asyncDispose]() {
          rmSync(directory, { recursive: true });
        },
      };
    },
  ],
  [
    'in Redis',
    () => {
      const prefix = `changed-${randomUUID()}`;
      return {
        open: async () => new RedisBroker({ url: inject('redisUrl') }, { prefix }),
        async [Symbol.asyncDispose]() {},
      };
    },
  ],
];

export function recordingLogger() {
  return { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
}

/** Uses a log in a process of its own, with a catalog. */
export async function inProcess<T>(
  log: SharedLog,
  catalog: AnyCatalog,
  use: (manager: EventManager<AnyCatalog>, broker: Broker) => Promise<T>,
  logger = recordingLogger(),
): Promise<T> {
  const broker = await log.open();
  const manager = new EventManager<AnyCatalog>({ broker, catalog, logger });
  try {
    return await use(manager, broker);
  } finally {
    await manager.close();
  }
}

const since = { at: '2000-01-01T00:00:00Z' };

/** An item in short: an event's data, or a gap's reason. */
export function inShort({ event_type, data }: { event_type: string; data: unknown }): unknown {
  if (event_type === 'stream_synced') return event_type;
  return event_type === 'stream_gap' ? Reflect.get(Object(data), 'reason') : data;
}

/** Data of all events that are delivered, and the reason of each gap in their places. */
export async function everything(manager: EventManager<AnyCatalog>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const [, event] of manager.subscribe({ since })) {
    if (event.event_type === 'stream_synced') break;
    seen.push(inShort(event));
  }
  const { items } = await manager.history({ since });
  expect(items.map(({ event }) => event.data)).toEqual(seen.filter((item) => item !== 'dropped'));
  return seen;
}

/** A catalog with one event. */
export const of = <S extends z.ZodType>(data: S) => defineEvents({ dream: data });
/** Two schemas of that event that cannot judge each other’s data. */
export const withLength = of(z.object({ size: z.string().transform((text) => text.length) }));
export const withText = of(z.object({ size: z.number().transform((count) => `${count} letters`) }));
