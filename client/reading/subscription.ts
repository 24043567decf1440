import type { Unsubscribable } from '@trpc/server/observable';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError, isRetryable } from '../../shared/errors.ts';
import type { SubscriptionOptions } from '../../shared/options/read-options.ts';
import { isStreamNotice, isStreamUpdate } from '../../shared/stream-items.ts';
import { isRecord } from '../../shared/wire/shapes.ts';
import { refusalOf } from '../connection/connection-state.ts';
import { checkAnswer, definedOnly, EncodedInput } from '../connection/encoding.ts';
import type { Wire } from '../connection/wire.ts';
import { toClientError, toError } from '../failures/errors.ts';
import { fullJitter } from '../failures/retry.ts';
import type { AnyItem } from './items.ts';
import { OpenEvents } from './open-events.ts';
import { furthestOf, rewoundLog, wasSeen } from './places.ts';

/**
 * - `connecting`: nothing has come yet
 * - `catching-up`: the server sends what lies between the position asked for, or the last one seen, and now
 * - `live`: level with the server
 * - `stale`: what came may be out of date; the subscription resumes by itself, unless its client was closed
 * - `refused`: an error ended the subscription for good, and nothing more will come
 */
export type StreamStatus = 'connecting' | 'catching-up' | 'live' | 'stale' | 'refused';

/** Options of a subscription to events of any catalog. */
type SubscriptionInput = SubscriptionOptions<string, AnyCatalog>;

/** Callbacks of a subscription; they must not throw. */
export interface SubscriptionSink {
  onItem(item: AnyItem, cursor: string): void;
  onStatus(status: StreamStatus): void;
  /** An error that may pass: the subscription will resume. */
  onRetry(error: Error): void;
  /** The last call, if the subscription ended by itself: with an error, or, since its client was closed, without. */
  onEnd(error: Error | null): void;
}

/** An item as `on.*` and `replay` yield it, see AppRouter. */
interface Tracked {
  id: string;
  data: AnyItem;
}

/** The one whose `stream_synced` is its end: all others go on live. */
const REPLAY = 'replay';

/**
 * One subscription through all its connections and errors, until it is stopped: tRPC's client resumes it on each new
 * connection, it resumes itself after an error that may pass, and drops what came before [D12].
 */
export class Subscription {
  /**
   * Resolves at the first `stream_synced`.
   * @throws EventsError what ended the subscription before, CLOSED if nothing did; what is wrong with the address
   */
  readonly ready: Promise<void>;
  readonly #wire: Wire;
  readonly #path: string;
  readonly #input: SubscriptionInput;
  readonly #sink: SubscriptionSink;
  readonly #open: OpenEvents;
  readonly #unwatch: () => void;
  #inner: Unsubscribable | null = null;
  /** The input that was sent last. */
  #sent: EncodedInput | undefined;
  #cursor: string | null = null;
  #status: StreamStatus = 'connecting';
  #stopped = false;
  #onReady: () => void = () => {};
  #onNeverReady: (error: Error) => void = () => {};
  #onBegun: () => void = () => {};
  #retries = 0;
  /** Words about an address that is wrong, or where nothing answers, that were told. */
  readonly #told = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param open what is known to be open, by a subscription that this one goes on from */
  constructor(
    wire: Wire,
    path: string,
    input: SubscriptionInput,
    sink: SubscriptionSink,
    open: OpenEvents = new OpenEvents(),
  ) {
    this.#wire = wire;
    this.#path = path;
    this.#input = input;
    this.#sink = sink;
    this.#open = open;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onNeverReady = reject;
    });
    this.ready.catch(() => {}); // whoever awaits it is told; nobody has to
    // A replay says nothing before its first event's time has come, and nothing published now belongs to it.
    if (path !== REPLAY) {
      wire.awaitBeginning(
        new Promise((resolve) => {
          this.#onBegun = resolve;
        }),
      );
    }
    this.#unwatch = wire.connection.subscribe(() => this.#checkConnection());
    // The caller has its handle before the first callback.
    queueMicrotask(() => {
      if (!this.#stopped && !this.#checkConnection()) this.#subscribe();
    });
  }

  /** The position of the last item, or null before the first. */
  get cursor(): string | null {
    return this.#cursor;
  }

  stop(error: Error | null = null): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#onBegun();
    this.#onNeverReady(error ?? new EventsError('CLOSED', 'The subscription was ended before it was ready.'));
    clearTimeout(this.#timer);
    this.#wire.untaken.inputs.delete(this.#sent);
    this.#unwatch();
    this.#inner?.unsubscribe();
  }

  #subscribe(): void {
    const asked = definedOnly({ ...this.#input, since: this.#cursor ?? this.#input.since });
    let input: EncodedInput;
    try {
      input = new EncodedInput('INVALID_OPTION', this.#path, asked);
    } catch (error) {
      this.#onEnd(toError(error));
      return;
    }
    const { untaken } = this.#wire;
    this.#sent = input;
    this.#inner = this.#wire.requests.subscribe(this.#path, input, {
      onStarted: () => {
        untaken.inputs.delete(input);
        this.#open.restart();
        // One that is live is so still where it moves to another connection, or another subscription begins beside it.
        if (this.#status !== 'live') this.#setStatus('catching-up');
      },
      onData: (item) => this.#onData(item),
      onConnecting: () => {
        const { error } = this.#wire.connection.state;
        const refusal = untaken.refusal(this.#path, input, error, 'Pass a smaller filter.');
        if (refusal) return this.#onEnd(refusal);
        untaken.inputs.add(input); // it is sent again, with its last place
        this.#setStatus(this.#cursor === null ? 'connecting' : 'stale');
      },
      onError: (error) => this.#onEnd(toClientError(error)),
      onComplete: () => this.#onEnd(new EventsError('UNAVAILABLE', 'The server ended the subscription.')),
    });
    untaken.inputs.add(input);
  }

  #onData(item: unknown): void {
    if (this.#stopped) return;
    try {
      checkAnswer(item);
      if (!isTracked(item)) throw untracked();
    } catch (error) {
      this.#onEnd(toError(error)); // for good, which unsubscribes
      return;
    }
    this.#take(item);
  }

  #take({ id, data }: Tracked): void {
    this.#retries = 0;
    this.#wire.connection.onReply();
    const isSynced = data.event_type === 'stream_synced'; // its cursor is the one before it
    const isLast = isSynced && this.#path === REPLAY;
    const rewound = rewoundLog(data);
    const isSeen = rewound === undefined && wasSeen(id, this.#cursor);
    if (isSeen && !isSynced && isRecorded(data)) return;
    const cursor = furthestOf(id, this.#cursor, rewound);
    if (!isSeen || isSynced) this.#cursor = cursor;
    this.#onBegun(); // it has a position, from which it resumes
    if (isSynced) this.#onReady();
    if (!isStreamNotice(data)) this.#wire.connection.onEvent();
    // What a replay repeats is over: nothing of it is told anew.
    const items =
      this.#path === REPLAY ? [data] : this.#open.take(data, (isSeen || isSynced) && cursor !== id);
    for (const item of items) {
      this.#sink.onItem(item, cursor);
      if (!this.#stopped) continue;
      // A reader that was full with the last item of a replay is at its end all the same: nothing is left to go on to.
      if (isLast) this.#sink.onEnd(null);
      return;
    }
    if (isSynced) this.#setStatus('live');
    if (isLast) this.#end(null);
  }

  #onEnd(error: Error): void {
    this.#wire.untaken.inputs.delete(this.#sent);
    if (this.#stopped || this.#checkConnection()) return;
    if (!isRetryable(error)) {
      this.#setStatus('refused');
      this.#end(error);
      return;
    }
    this.#onBegun(); // it may take long: what is published meanwhile is not held up
    const askedMs = error instanceof EventsError ? (error.retryAfterMs ?? 0) : 0;
    this.#timer = setTimeout(() => this.#subscribe(), fullJitter(this.#retries++) + askedMs);
    this.#setStatus('stale');
    this.#sink.onRetry(error);
  }

  /** Ends the subscription if its connection is over. @returns true if it is */
  #checkConnection(): boolean {
    const { status, error } = this.#wire.connection.state;
    if (status !== 'closed') {
      this.#checkAddress();
      return false;
    }
    if (error) this.#setStatus('refused');
    // Before the first event nothing is stale: a caller that subscribes anew on `stale` would do so for ever.
    else if (this.#status !== 'connecting') this.#setStatus('stale');
    this.#end(error);
    return true;
  }

  /** Tells once, of each reason, that no server answers, though the connection goes on trying, and the subscription with it. */
  #checkAddress(): void {
    const { state, url } = this.#wire.connection;
    const refusal = refusalOf(state);
    if (this.#stopped) return;
    if (refusal && !this.#told.has(refusal.message)) {
      this.#told.add(refusal.message);
      this.#onNeverReady(refusal);
      this.#sink.onRetry(refusal);
    } else if (this.#told.size === 0 && this.#cursor === null && state.attempt > 1 && state.error) {
      // At the second attempt: by then it is known if the address is wrong, which is told instead.
      this.#told.add(url);
      const message = `${url} cannot be reached. ${state.error.message}`;
      this.#sink.onRetry(new EventsError('UNAVAILABLE', message));
    }
  }

  #end(error: Error | null): void {
    if (this.#stopped) return;
    this.stop(error);
    this.#sink.onEnd(error);
  }

  #setStatus(status: StreamStatus): void {
    if (this.#stopped || status === this.#status) return;
    this.#status = status;
    this.#sink.onStatus(status);
  }
}

function isTracked(item: unknown): item is Tracked {
  if (!isRecord(item) || typeof item['id'] !== 'string') return false;
  const { data } = item;
  return isRecord(data) && typeof data['event_type'] === 'string';
}

/** Tells if an item has a place of its own; any other has that of the last record [D6]. */
function isRecorded(item: AnyItem): boolean {
  return isStreamNotice(item) || (!isStreamUpdate(item) && item.stored !== false);
}

/** Without positions nothing could be resumed, and nothing said to be lost; and what has no type is no event. */
function untracked(): EventsError {
  return new EventsError(
    'INVALID_OPTION',
    'The server sent an item that is no event with a cursor: check that `path` names the events, and that its process has one @trpc/server.',
  );
}
