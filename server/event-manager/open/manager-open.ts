import type { AnyCatalog } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { AnswerInput, AnswerOf, EventInput, EventName, OpenName } from '../../../shared/events.ts';
import { type Answered, answeredBy } from '../../../shared/open/answered.ts';
import type { GrowingHandle, PresenceHandle, QuestionHandle } from '../../../shared/open/handle-kinds.ts';
import { type BegunEvent, type OpenHandle, openHandle } from '../../../shared/open/handles.ts';
import type { OpenPage } from '../../../shared/open/open-page.ts';
import type { BegunKind } from '../../../shared/open/open-part.ts';
import type { EventSelection } from '../../../shared/options/read-options.ts';
import { type Clock, onAbort } from '../../../shared/timing.ts';
import type { DeliveredItem } from '../records/stream-record.ts';
import { begunType } from './open-ids.ts';
import { leaseOf } from './open-options.ts';
import type { BeginOptions, OpenVerbs } from './open-verbs.ts';

/** Options of an event that is begun, and held. */
export interface HoldOptions extends BeginOptions {
  /**
   * Called once, when the renewal of its lease finds that it is not open any more: this process slept past the lease, or its
   * log was lost [O10]. A call of the handle that finds it so rejects instead. A question has no lease.
   */
  onLost?: (() => void) | undefined;
  /** Called once, when the handle is over: the event was settled by it, closed or lost. */
  onEnd?: (() => void) | undefined;
}

/** Options of a question, and of waiting for its answer. */
export interface QuestionOptions extends Omit<BeginOptions, 'leaseMs'> {
  /** Withdraws the question. */
  signal?: AbortSignal | undefined;
}

/** Options of an answer. */
export interface AnswerOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /** Id of the subject that answers, as in PublishOptions. */
  by?: string | undefined;
}

/** The verbs of open events that an EventManager has for code of its own process. */
export abstract class ManagerOpen<C extends AnyCatalog> {
  abstract readonly catalog: C;
  /** Single calls of these verbs, as the router makes them: no lease is renewed by itself. */
  abstract readonly opens: OpenVerbs;
  protected abstract readonly clock: Clock;

  abstract subscribe<N extends EventName<C>>(options: {
    topic?: string | undefined;
    since?: string | undefined;
    types?: readonly N[] | undefined;
    signal?: AbortSignal | undefined;
  }): AsyncIterable<DeliveredItem<N, C>>;

  /** All that is open in a topic, as it is now. @throws EventsError INVALID_TOPIC, UNKNOWN_EVENT, TOO_LARGE, UNAVAILABLE */
  abstract openEvents<N extends EventName<C> = EventName<C>>(
    options?: EventSelection<N, C>,
  ): Promise<OpenPage<N, C>>;

  /**
   * Begins an event, and holds it: its lease is renewed until the handle is settled or closed. With a key that is open
   * already the handle is of that event, `resumed`; with one that was settled lately it has the settlement, `settled`.
   * @throws EventsError UNKNOWN_EVENT, INVALID_EVENT, INVALID_OPTION, INVALID_TOPIC, TOO_MANY_OPEN, OVERLOADED, UNAVAILABLE
   */
  begin<N extends OpenName<C, 'growing'>>(
    type: N,
    data: EventInput<N, C>,
    options?: HoldOptions,
  ): Promise<GrowingHandle>;
  begin<N extends OpenName<C, 'question'>>(
    type: N,
    data: EventInput<N, C>,
    options?: HoldOptions,
  ): Promise<QuestionHandle>;
  begin<N extends OpenName<C, 'presence'>>(
    type: N,
    data: EventInput<N, C>,
    options?: HoldOptions,
  ): Promise<PresenceHandle<EventInput<N, C>>>;
  begin<N extends OpenName<C, BegunKind>>(
    type: N,
    data: EventInput<N, C>,
    options: HoldOptions = {},
  ): Promise<OpenHandle<EventInput<N, C>>> {
    return this.#begin(type, data, options);
  }

  async #begin<Data>(type: string, data: Data, options: HoldOptions): Promise<OpenHandle<Data>> {
    return this.hold<Data>(type, await this.opens.begin(type, data, options), options);
  }

  /**
   * The handle of an event that was begun by a single call of {@link opens}: from here on its lease is renewed.
   * @param options those of its beginning
   */
  hold<Data = unknown>(type: string, begun: BegunEvent, options: HoldOptions = {}): OpenHandle<Data> {
    const { topic, by, onLost, onEnd } = options;
    const kind = begunType(this.catalog, type)?.kind ?? 'growing';
    const { opens, clock } = this;
    const { id, key } = begun;
    const owner = { topic, id, key, by };
    return openHandle<Data>({
      kind,
      begun,
      leaseMs: leaseOf(kind, options),
      clock,
      onLost,
      onEnd,
      calls: {
        append: (at, text) => opens.append({ ...owner, at, text }),
        update: (replaced) => opens.update({ ...owner, data: replaced }),
        touch: async () => (await opens.touch({ topic, key, by, ids: [id] })).notOpen.length === 0,
        settle: (state, reason) => opens.settle({ ...owner, state, reason }),
      },
    });
  }

  /** Joins a topic as a member: begins a presence, which leaves when the handle is closed. @throws EventsError as {@link begin} */
  join<N extends OpenName<C, 'presence'>>(
    type: N,
    data: EventInput<N, C>,
    options: Omit<HoldOptions, 'timeoutMs'> = {},
  ): Promise<PresenceHandle<EventInput<N, C>>> {
    return this.#begin(type, data, options);
  }

  /**
   * Asks a question, and waits until it is answered, withdrawn or expired. Asked again with the same key, after a restart, it
   * waits for the same answer.
   * @throws EventsError as {@link begin}; NOT_OPEN where its log was lost; CLOSED; and the signal's reason
   */
  async ask<N extends OpenName<C, 'question'>>(
    type: N,
    asks: EventInput<N, C>,
    { signal, ...options }: QuestionOptions = {},
  ): Promise<Answered<AnswerOf<N, C>>> {
    signal?.throwIfAborted();
    const { topic, by } = options;
    const { id, key, cursor, settled } = await this.opens.begin(type, asks, options);
    if (settled) return answeredBy(settled);
    const withdraw = () => {
      this.opens.settle({ topic, id, key, by, state: 'withdrawn' }).catch(() => {}); // somebody was faster
    };
    if (signal?.aborted) withdraw();
    const letGo = signal && onAbort(signal, withdraw);
    try {
      for await (const [, item] of this.subscribe<N>({ topic, since: cursor, types: [type], signal })) {
        if (item.event_type === 'stream_gap') {
          const now = await this.opens.find(topic, id);
          if ('state' in now) return answeredBy(now);
        } else if ('open' in item && item.open?.id === id && item.open.state !== 'open') {
          return answeredBy({ state: item.open.state, by: item.by, answer: item.answer });
        }
      }
    } finally {
      letGo?.();
    }
    signal?.throwIfAborted();
    throw new EventsError('CLOSED', 'The event manager was closed before the question was answered.');
  }

  /**
   * Answers a question, once.
   * @throws EventsError INVALID_EVENT, NOT_OPEN; ALREADY_SETTLED with the settlement; OVERLOADED, UNAVAILABLE
   */
  async answer<N extends OpenName<C, 'question'>>(
    type: N,
    id: string,
    answer: AnswerInput<N, C>,
    { topic, by }: AnswerOptions = {},
  ): Promise<{ cursor: string }> {
    return this.opens.answer(type, { topic, id, answer, by });
  }
}
