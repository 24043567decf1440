import { type Broker, EventManager, type Logger, MemoryBroker } from '../../server/index.ts';
import type { Since } from '../../shared/cursor.ts';
import type { AnyEvent, Clock, EventName } from '../../shared/index.ts';
import type { HistoryPage } from '../../shared/stream-items.ts';
import { type SimulationCatalog, simulationEvents } from '../../simulation/catalog.ts';
import { Simulation, type SimulationOptions } from '../../simulation/simulation.ts';
import { FakeClock } from './fake-clock.ts';

export type SimulationEvent = AnyEvent<SimulationCatalog>;
type SimulationPage = HistoryPage<EventName<SimulationCatalog>, SimulationCatalog>;

/** A logger that keeps what it is told. */
export function memoryLogger() {
  const lines: { level: string; fields: object; message: string }[] = [];
  const log = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  return { logger, lines };
}

/** A manager of the simulation's events. @param clock of leases, and of pieces that are joined */
export function managerOf(broker: Broker, clock?: Clock) {
  const manager = new EventManager({ broker, catalog: simulationEvents, ...(clock && { clock }) });
  return Object.assign(manager, { [Symbol.asyncDispose]: () => manager.close() });
}

/** A manager over an embedded broker, and what was published through it. */
export function eventLog(clock?: Clock) {
  const manager = managerOf(new MemoryBroker(), clock);
  return {
    manager,
    async events(topic = 'default'): Promise<SimulationEvent[]> {
      const events: SimulationEvent[] = [];
      let since: Since = { at: new Date(0).toISOString() };
      for (;;) {
        const page: SimulationPage = await manager.history({ topic, since, limit: 1000 });
        events.push(...page.items.map(({ event }) => event));
        if (page.atEnd) return events;
        since = page.next;
      }
    },
    [Symbol.asyncDispose]: () => manager.close(),
  };
}

/** A simulation on a clock of its own, and its events. */
export function stage(options: Partial<SimulationOptions> = {}) {
  const clock = new FakeClock();
  const log = eventLog(clock.forOthers);
  const { logger, lines } = memoryLogger();
  const simulation = new Simulation({ manager: log.manager, clock, logger, ...options });
  return {
    ...log,
    clock,
    lines,
    simulation,
    async [Symbol.asyncDispose]() {
      await simulation.close();
      await log.manager.close();
    },
  };
}

type Of<N> = Extract<SimulationEvent, { event_type: N }>;

/** The events of one type. */
export function only<N extends EventName<SimulationCatalog>>(
  events: readonly SimulationEvent[],
  type: N,
): Of<N>[] {
  return events.filter((event): event is Of<N> => event.event_type === type);
}

/** Events with numbers for the ids of open ones, in the order of the log: a server makes others up each time. */
export function numbered<E extends { open?: { id: string } | undefined }>(events: readonly E[]): E[] {
  const ids: string[] = [];
  return events.map((event) => {
    if (!event.open) return event;
    const { id } = event.open;
    const number = ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1;
    return { ...event, open: { ...event.open, id: `${number}` } };
  });
}
