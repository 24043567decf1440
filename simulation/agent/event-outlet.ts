import type { Logger } from '../../server/index.ts';
import type { EventInput, EventName } from '../../shared/index.ts';
import type { SimulationCatalog } from '../catalog.ts';
import { systemClock, type WorldClock } from '../clock.ts';

type Name = EventName<SimulationCatalog>;
/** The name of an event and its data. */
type SimulationEvent = { [N in Name]: [event_type: N, data: EventInput<N, SimulationCatalog>] }[Name];
type Options = { topic?: string | undefined; timestamp?: string | undefined; by?: string | undefined };

/** A publisher for the simulation. An EventManager of {@link simulationEvents}, or of a catalog with more, fits. */
export interface EventPublisher {
  publish(...event: [...event: SimulationEvent, options?: Options]): Promise<unknown>;
}

/** Options of an {@link EventOutlet}. */
export interface EventOutletOptions {
  manager: EventPublisher;
  /** Default `default`. */
  topic?: string | undefined;
  /** Publisher that the events' `by` names. Default: nobody is named. */
  by?: string | undefined;
  /** Default: the time of this machine. */
  clock?: Pick<WorldClock, 'time'> | undefined;
  /** Default: nothing is logged. */
  logger?: Logger | undefined;
}

/** Publishes the events of a simulation. A failed publish is counted and logged, and never stops its sender. */
export class EventOutlet {
  readonly topic: string | undefined;
  /** Publishes that failed. */
  failures = 0;
  readonly #by: string | undefined;
  readonly #manager: EventPublisher;
  readonly #clock: Pick<WorldClock, 'time'>;
  readonly #logger: Logger | undefined;
  readonly #inFlight = new Set<Promise<void>>();

  constructor({ manager, topic, by, clock = systemClock, logger }: EventOutletOptions) {
    this.topic = topic;
    this.#by = by;
    this.#manager = manager;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Publishes an event. Resolves, never rejects, when it is stored or has failed; events are stored in the order sent. */
  send(...event: SimulationEvent): Promise<void> {
    const sent = this.#publish(event).finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
    return sent;
  }

  /** Resolves when nothing that was sent is under way any more. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async #publish(event: SimulationEvent): Promise<void> {
    const { topic } = this;
    const timestamp = new Date(this.#clock.time()).toISOString();
    try {
      await this.#manager.publish(...event, { topic, timestamp, by: this.#by });
    } catch (error) {
      this.failures++;
      const fields = { event_type: event[0], topic, error: String(error) };
      this.#logger?.warn(fields, 'An event of the simulation was not published');
    }
  }
}
