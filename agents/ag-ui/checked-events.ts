import { enforceEvents, transformChunks, verifyEvents } from '@ag-ui/client';
import { type BaseEvent, EventType } from '@ag-ui/core';
import { Subject } from 'rxjs';
import { EventsError, messageOf } from '../../shared/errors.ts';
import { onAbort } from '../../shared/timing.ts';

/**
 * Events of a handler, checked by AG-UI's own rules as they come: each is well-formed, none goes on from what was not opened, and
 * chunks are made the events that they stand for.
 */
export class CheckedEvents {
  readonly #input = new Subject<BaseEvent>();
  #checked: BaseEvent[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor() {
    this.#input.pipe(enforceEvents(), transformChunks(), verifyEvents()).subscribe({
      next: (event) => this.#checked.push(event),
      error: (error: unknown) => {
        this.#failure = { error };
      },
    });
  }

  /** The events that an event stands for. @throws EventsError INVALID_EVENT */
  take(event: BaseEvent): BaseEvent[] {
    if (this.#isOver)
      throw new EventsError('INVALID_EVENT', `${event.type}: the handler has ended its run before.`);
    this.#input.next(event);
    return this.#drain();
  }

  /** Events that were still to come: the ends of chunks. @throws EventsError INVALID_EVENT */
  end(): BaseEvent[] {
    this.#input.complete();
    return this.#drain();
  }

  #drain(): BaseEvent[] {
    if (this.#failure) {
      const { error } = this.#failure;
      throw new EventsError('INVALID_EVENT', `The handler's AG-UI events: ${messageOf(error)}`, {
        cause: error,
      });
    }
    const checked = this.#checked;
    this.#checked = [];
    this.#isOver = checked.some(
      ({ type }) => type === EventType.RUN_FINISHED || type === EventType.RUN_ERROR,
    );
    return checked;
  }
}

/** An event that a handler has yielded, where it is one at all: a handler without types may yield anything. @throws EventsError INVALID_EVENT */
export function eventOf(yielded: BaseEvent): BaseEvent {
  const given: unknown = yielded;
  if (typeof given === 'object' && given !== null && 'type' in given && typeof given.type === 'string')
    return yielded;
  const what = given === null || typeof given !== 'object' ? String(given) : 'an object without a type';
  throw new EventsError('INVALID_EVENT', `The handler has yielded ${what}, which is no event of AG-UI.`);
}

/** A source of events that is read one after the other. */
export interface ObservableLike {
  subscribe(observer: {
    next: (event: BaseEvent) => void;
    error: (error: unknown) => void;
    complete: () => void;
  }): { unsubscribe(): void };
}

/**
 * Events of an Observable, for a loop. What comes faster than the loop waits in memory. An Observable is told to end by being
 * unsubscribed from: so it has ended once the signal aborts.
 * @throws TypeError for a source of neither kind
 */
export async function* eventsOf(
  source: AsyncIterable<BaseEvent> | ObservableLike,
  signal: AbortSignal,
): AsyncGenerator<BaseEvent> {
  requireSource(source);
  if (Symbol.asyncIterator in source) return yield* source;
  const waiting: BaseEvent[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => {};
  const complete = (): void => {
    end ??= {};
    wake();
  };
  const subscription = source.subscribe({
    next(event) {
      if (!end) waiting.push(event);
      wake();
    },
    error(error) {
      end ??= { error };
      wake();
    },
    complete,
  });
  const letGo = onAbort(signal, complete);
  if (signal.aborted) complete();
  try {
    while (true) {
      yield* waiting.splice(0);
      if (waiting.length > 0) continue;
      if (end && 'error' in end) throw end.error;
      if (end) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    letGo();
    subscription.unsubscribe();
  }
}

/** A handler without types may return anything. */
function requireSource(source: unknown): void {
  if (typeof source === 'object' && source !== null)
    if (Symbol.asyncIterator in source || 'subscribe' in source) return;
  const what = source instanceof Promise ? 'a Promise' : `a value of type ${typeof source}`;
  throw new TypeError(
    `A handler returns AG-UI's events as an async generator does, or as an Observable, and not ${what}.`,
  );
}
