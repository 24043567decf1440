import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName } from '../../shared/events.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import type { PublishAs } from '../../shared/options/publish-as.ts';
import type { EventSelection, SubscriptionOptions } from '../../shared/options/read-options.ts';
import { requireCatalog } from '../../shared/options/require-catalog.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import { type Clock, requireDelay } from '../../shared/timing.ts';
import type { Broker } from '../broker/broker.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Instruments, Tracing } from '../telemetry/telemetry.ts';
import type { TopicGate } from './feeds/subscription-factory.ts';
import type { Asker } from './reading/asker.ts';
import type { NewerVersion } from './records/newer-versions.ts';
import type { AskerPart } from './records/selector.ts';

/** Options of an EventManager. */
export interface EventManagerOptions<C extends AnyCatalog = PsycheCatalog> {
  broker: Broker;
  /** The events. Default: the Psyche Simulation's. */
  catalog?: C;
  /** Default: nothing is logged. */
  logger?: Logger;
  /** Publishes that may be in flight at once; more are refused with OVERLOADED [D10]. Default 10 000. */
  maxInFlight?: number;
  /**
   * Minimum ms between two stored events of a type and topic, for events that come often and whose latest is what
   * counts. The first is stored at once; of those in between only the latest is, when the interval ends.
   */
  throttle?: Partial<Record<EventName<C>, number>>;
  /**
   * Versions that events are published at while older processes are about, by event: `{ agent_message: 1 }`. Publishers
   * pass data of that version, or of the newest where each step between has a way back. Default: the newest of each.
   */
  publishAs?: PublishAs<C>;
  /**
   * Called when an event is met that has a newer version than the catalog knows [V4]. Streams wait before it for 30 s,
   * or less: send clients elsewhere. Then they go on, with a gap in its place.
   */
  onNewerVersion?: (met: NewerVersion) => void;
  /** Events of a topic that may be open at once; one more is refused with TOO_MANY_OPEN [O11]. Default 1000. */
  maxOpen?: number;
  /** Clock of replays, of waits for newer versions, and of looks at leases. Default: the machine's clock. */
  clock?: Clock;
  /** Follows its events into other processes. Default: nothing does. */
  tracing?: Tracing | undefined;
  /** Measures it. Default: nothing does. */
  instruments?: Instruments;
  /** Ms for which a topic that nobody follows any more stays attached, if it is among the 1000 that were left last. Default 5 000. */
  lingerMs?: number;
}

/** @throws TypeError without a broker, where an option is none, or a number that bounds nothing, or the catalog was not made by `defineEvents` */
export function checkManagerOptions<C extends AnyCatalog>(options: EventManagerOptions<C>): void {
  if (!options?.broker)
    throw new TypeError('EventManager: pass a broker, for example { broker: new MemoryBroker() }');
  checkOptions<EventManagerOptions<C>>('EventManager', options, {
    broker: 1,
    catalog: 1,
    logger: 1,
    maxInFlight: 1,
    throttle: 1,
    publishAs: 1,
    onNewerVersion: 1,
    maxOpen: 1,
    clock: 1,
    tracing: 1,
    instruments: 1,
    lingerMs: 1,
  });
  requireCatalog('EventManager', options.catalog);
  const { lingerMs = 0, maxOpen = 1 } = options;
  requireDelay('EventManager: lingerMs', lingerMs);
  if (!Number.isInteger(maxOpen) || maxOpen < 1)
    throw new TypeError(`EventManager: maxOpen must be a positive integer, not ${maxOpen}`);
}

/** Somebody for whom events are read: the events that it may see, the subject that it is, and on whose turns. */
export interface ReadFor extends AskerPart {
  /** Default: this process. */
  asker?: Asker | undefined;
}

/** Options of a subscription in this process: those of all subscriptions, and for whom it is. */
export interface SubscribeOptions<N extends EventName<C>, C extends AnyCatalog>
  extends SubscriptionOptions<N, C>,
    AskerPart {
  /** With `topics`: what of each may be seen; null: nothing. Default: all that is asked for. */
  admit?: TopicGate | undefined;
  /** Ends iteration. */
  signal?: AbortSignal | undefined;
  /** For whom the log is read: what one asks for takes turns with what the others do. Default: one of its own. */
  asker?: Asker | undefined;
}

/** The events that a listener is called for. Default: all of the topic `default`. */
export interface ListenerOptions<N extends EventName<C>, C extends AnyCatalog>
  extends Omit<EventSelection<N, C>, 'echo'> {}
