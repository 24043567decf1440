import { EventsError } from '../../shared/errors.ts';
import type { EventInput, OpenName, PublishName } from '../../shared/events.ts';
import type { GrowingHandle, PresenceHandle, QuestionHandle } from '../../shared/open/handle-kinds.ts';
import type { OpenHandle } from '../../shared/open/handles.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import type { HoldOptions } from '../event-manager/open/manager-open.ts';
import type { ManagerPublishResult, PublishOptions } from '../event-manager/publish/publisher.ts';
import type { RunsCatalog } from './runs-catalog.ts';

/** A run, to the work that it is. */
export interface RunContext<C extends RunsCatalog> {
  readonly id: string;
  /** The topic of its output. */
  readonly topic: string;
  /** Aborts when the run is stopped or lost, or its manager is closed; `reason.message` says which, and who stopped it. */
  readonly signal: AbortSignal;
  /** That which it was started with: JSON. */
  readonly input: unknown;
  /** Publishes an event into its topic. @throws EventsError as `manager.publish`; CLOSED once the run has ended */
  publish<N extends PublishName<C>>(
    type: N,
    data: EventInput<N, C>,
    options?: Omit<PublishOptions, 'topic'>,
  ): Promise<ManagerPublishResult>;
  /**
   * Begins an event in its topic, and holds it, as `manager.begin` does, with the run's lease unless `leaseMs` says
   * otherwise. One that is not settled when the run ends is aborted, withdrawn or left before.
   * @throws EventsError as `manager.begin`; CLOSED once the run has ended
   */
  begin<N extends OpenName<C, 'growing'>>(
    type: N,
    data: EventInput<N, C>,
    options?: Omit<HoldOptions, 'topic'>,
  ): Promise<GrowingHandle>;
  begin<N extends OpenName<C, 'question'>>(
    type: N,
    data: EventInput<N, C>,
    options?: Omit<HoldOptions, 'topic'>,
  ): Promise<QuestionHandle>;
  begin<N extends OpenName<C, 'presence'>>(
    type: N,
    data: EventInput<N, C>,
    options?: Omit<HoldOptions, 'topic'>,
  ): Promise<PresenceHandle<EventInput<N, C>>>;
}

/** The work of a run: it has ended when what is returned has. */
export type RunWork<C extends RunsCatalog> = (run: RunContext<C>) => unknown;

/** Facts about a run that its work is told. */
type RunFacts = Pick<RunContext<RunsCatalog>, 'id' | 'topic' | 'signal' | 'input'>;

/** Output of a run into its topic, until the run ends. */
export class RunOutput<C extends RunsCatalog> implements RunContext<C> {
  readonly id: string;
  readonly topic: string;
  readonly signal: AbortSignal;
  readonly input: unknown;
  readonly #manager: EventManager<C>;
  readonly #leaseMs: number | undefined;
  /** Settles those of its events that are open. */
  readonly #open = new Set<() => Promise<unknown>>();
  #isOver = false;

  /** @param leaseMs that of the run: so all of it is over at once when its process dies */
  constructor(manager: EventManager<C>, { id, topic, signal, input }: RunFacts, leaseMs?: number) {
    this.#manager = manager;
    this.#leaseMs = leaseMs;
    this.id = id;
    this.topic = topic;
    this.signal = signal;
    this.input = input;
  }

  // Work may take them out of the object that it is given.
  readonly publish: RunContext<C>['publish'] = async (type, data, options) => {
    if (this.#isOver) throw this.#ended();
    return this.#manager.publish(type, data, { ...options, topic: this.topic });
  };

  readonly begin = async <N extends OpenName<C, BegunKind>>(
    type: N,
    data: EventInput<N, C>,
    options: Omit<HoldOptions, 'topic'> = {},
  ): Promise<OpenHandle<EventInput<N, C>>> => {
    if (this.#isOver) throw this.#ended();
    const held = { leaseMs: this.#leaseMs, ...options, topic: this.topic };
    const begun = await this.#manager.opens.begin(type, data, held);
    let settle = async (): Promise<unknown> => undefined;
    const onEnd = (): void => {
      this.#open.delete(settle);
      options.onEnd?.();
    };
    const handle = this.#manager.hold<EventInput<N, C>>(type, begun, { ...held, onEnd });
    if (begun.settled) return handle;
    const isQuestion = this.#manager.catalog.opens[type]?.kind === 'question';
    settle = () => (isQuestion ? handle.settle('withdrawn').catch(() => {}) : handle.close());
    this.#open.add(settle);
    if (!this.#isOver) return handle;
    await settle();
    throw this.#ended();
  };

  /** Lets nothing more out, and settles what is open. Never rejects. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#open].map((settle) => settle()));
  }

  #ended(): EventsError {
    return new EventsError('CLOSED', `Run ${this.id} has ended: nothing more can be published by it.`);
  }
}
