import { randomUUID } from 'node:crypto';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName, EventOf } from '../../shared/events.ts';
import type { IsolatedCalls } from '../telemetry/isolated-calls.ts';
import type { HubLease } from './hubs/hub-registry.ts';
import { isToldAgain } from './records/open-state.ts';
import { traceOf } from './records/reports.ts';
import type { Selector } from './records/selector.ts';
import { isNoticeType, itemOf, type StreamRecord } from './records/stream-record.ts';

/**
 * Called once per event, in order; of an open one, with its opening and its settlement, not with what changes between them. What it returns is not waited for; a throw or rejection is logged and counted [D11].
 * It is called from when its topic is attached: with Redis some round trips after `addListener`, in an outage later. A loss in
 * the log is not told. `subscribe` with `since` misses nothing.
 * The event is frozen, or, if it holds what cannot be frozen (a Date, a Map), the handler's own.
 */
export type ListenerHandler<N extends EventName<C>, C extends AnyCatalog> = (
  event: EventOf<N, C>,
  info: { cursor: string },
) => unknown;

/** The in-process listeners, isolated from each other. */
export class Listeners<C extends AnyCatalog> {
  readonly #calls: IsolatedCalls;
  readonly #removers = new Map<string, () => void>();

  constructor(calls: IsolatedCalls) {
    this.#calls = calls;
  }

  get size(): number {
    return this.#removers.size;
  }

  add<N extends EventName<C>>(lease: HubLease, selector: Selector, handler: ListenerHandler<N, C>): string {
    const id = randomUUID();
    const { telemetry, log } = lease.hub;
    const onBatch = (batch: readonly StreamRecord[]): void => {
      for (const record of batch) {
        if (isNoticeType(record.type) || isToldAgain(record) || !selector.matches(record)) continue;
        const { cursor, type } = record;
        // The selector let nothing else through than events N.
        const handle = () => handler(itemOf<C>(record) as EventOf<N, C>, { cursor });
        const traced = () => {
          if (!telemetry.tracing) return handle();
          return telemetry.tracing.handle({ topic: log.topic, type, cursor, ...traceOf(record) }, handle);
        };
        this.#calls.call(traced, 'An event listener failed', { listener: id });
      }
    };
    lease.hub.emitter.on('batch', onBatch);
    this.#removers.set(id, () => {
      lease.hub.emitter.off('batch', onBatch);
      lease.release();
    });
    return id;
  }

  remove(id: string): boolean {
    const remove = this.#removers.get(id);
    this.#removers.delete(id);
    remove?.();
    return remove !== undefined;
  }
}
