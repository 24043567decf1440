import { expect } from 'vitest';
import type { OpenEvent } from '../../server/broker/open/open-events.ts';
import { EventManager, type EventManagerOptions, MemoryBroker } from '../../server/index.ts';
import type { AnyCatalog, EventName, EventOf } from '../../shared/index.ts';
import { FakeClock } from '../simulation/fake-clock.ts';
import { type OpenCatalog, openCatalog } from './catalog.ts';

export { type OpenCatalog, openCatalog };

/** A growing event's data. */
export const shadow = { agent_id: 'shadow', text: '' };

/** An error as a call rejects with it. */
export const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

/** A manager, its broker and the clock of both. */
export function openWorld<C extends AnyCatalog = OpenCatalog>(
  options: Partial<EventManagerOptions<C>> & { catalog?: C } = {},
) {
  const clock = new FakeClock();
  const broker = new MemoryBroker({ now: () => clock.time() });
  const catalog = options.catalog ?? (openCatalog as AnyCatalog as C);
  const make = (more: Partial<EventManagerOptions<C>> = {}) =>
    new EventManager<C>({ broker, clock, ...options, ...more, catalog });
  return { clock, broker, make, manager: make() };
}

/** Events of a log, as they lie. */
export async function logged<C extends AnyCatalog>(
  { broker }: { broker: MemoryBroker },
  topic = 'default',
): Promise<EventOf<EventName<C>, C>[]> {
  const { epoch } = await broker.bounds(topic);
  const { records } = await broker.read(topic, { epoch, seq: 0 }, 1000);
  return records.map(({ json }) => JSON.parse(json));
}

/** The open set of a topic. */
export async function openSet(
  { broker }: { broker: MemoryBroker },
  topic = 'default',
): Promise<readonly OpenEvent[]> {
  return (await broker.open.read(topic)).events;
}
