import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName, PublishMeta } from '../../shared/events.ts';
import type { LatestBy } from '../../shared/filter/latest-by.ts';
import type { EventFilter } from '../../shared/filter/types.ts';
import type { Clock } from '../../shared/pace.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import type { Since } from '../../shared/since.ts';
import type { WhenSlow } from '../../shared/when-slow.ts';
import type { Broker } from '../broker/broker.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { TopicGate } from './feeds/subscription-factory.ts';
import type { Asker } from './reading/asker.ts';
import type { Selection } from './records/selector.ts';

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
  /** Clock of replays. Default: the machine's clock. */
  clock?: Clock;
  /** Follows its events into other processes. Default: nothing does. */
  tracing?: Tracing | undefined;
  /** Measures it. Default: nothing does. */
  instruments?: Instruments;
  /** Ms for which a topic that nobody follows any more stays attached. Default 5 000. */
  lingerMs?: number;
}

/** Options of a publish: the topic, and details beside the data. */
export interface PublishOptions extends PublishMeta {
  /** Default `default`. */
  topic?: string | undefined;
}

/** Options of a subscription: the events of a topic, and the start. */
export interface SubscribeOptions<N extends EventName<C>, C extends AnyCatalog>
  extends Pick<Selection, 'unknownTypes'> {
  /** Default `default`. */
  topic?: string | undefined;
  /**
   * Instead of `topic`: several, 50 at most, by name or by a pattern such as `run-*`. Each item then has a sibling
   * `topic`, and its cursor is of all of them. A topic that appears later is followed from its beginning.
   */
  topics?: readonly string[] | undefined;
  /** With `topics`: what of each may be seen; null: nothing. Default: all that is asked for. */
  admit?: TopicGate | undefined;
  /** The start in each topic; without it, live only. */
  since?: Since | undefined;
  /** Default: all of the catalog's. */
  types?: readonly N[] | undefined;
  /** Conditions on the data that all events must meet [D8]. */
  filter?: EventFilter<N, C> | undefined;
  /** Treatment of a subscriber that cannot keep up [D9]. Default `refill`. */
  whenSlow?: WhenSlow | undefined;
  /**
   * Ms, 3 600 000 at most: at most one delivery per topic in so long, of the latest event of each type since the last;
   * what was left out is announced as `conflated`. So is what `since` asks for. Default: every event, at once.
   */
  every?: number | undefined;
  /** A field of the data: with `every` or `whenSlow: 'conflate'`, the latest of each type and value of it. */
  latestBy?: LatestBy<N, C> | undefined;
  /** Ends iteration. */
  signal?: AbortSignal | undefined;
  /** For whom the log is read: what one asks for takes turns with what the others do. Default: one of its own. */
  asker?: Asker | undefined;
}

/** The events that a listener is called for. Default: all of the topic `default`. */
export interface ListenerOptions<N extends EventName<C>, C extends AnyCatalog> {
  types?: readonly N[] | undefined;
  /** Conditions on the data that all events must meet [D8]. */
  filter?: EventFilter<N, C> | undefined;
  /** Default `default`. */
  topic?: string | undefined;
}
