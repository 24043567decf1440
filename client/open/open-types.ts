import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName } from '../../shared/events.ts';
import type { RetryOptions } from '../failures/retry.ts';

/** Options of `client.begin`. */
export interface BeginOptions extends RetryOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /**
   * A name of your own, 1–128 characters: to begin again under it gives the event that is open, or how it was settled. So such
   * an event stays open, for its lease, when the client is closed; one without is aborted. Default: a fresh secret.
   */
  key?: string | undefined;
  /** Ms without a word of this client after which it is settled as `aborted` [O8], 1 s to 1 h. Default 15 s. */
  leaseMs?: number | undefined;
  /**
   * Called once, when the renewal of its lease finds that it is not open any more: this process slept past the lease, or its
   * log was lost [O10]. A call of the handle that finds it so rejects instead.
   */
  onLost?: (() => void) | undefined;
}

/** Options of `client.ask`. */
export interface AskOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /** A name of your own, 1–128 characters: to ask again under it, after a restart, waits for the same answer. Default: a fresh one. */
  key?: string | undefined;
  /** Ms until its deadline, 1 s to 30 days. Default 1 h. */
  timeoutMs?: number | undefined;
  /** Withdraws the question. */
  signal?: AbortSignal | undefined;
}

/** Options of `client.join`. */
export interface JoinOptions extends RetryOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /** Ms without a word of this client after which it counts as lost [O8], 1 s to 1 h. Default 15 s. */
  leaseMs?: number | undefined;
}

/** Options of `client.answer`. */
export interface AnswerOptions extends RetryOptions {
  /** Default `default`. */
  topic?: string | undefined;
}

/** Options of `client.open`. */
export interface OpenOptions<N extends EventName<C>, C extends AnyCatalog> extends RetryOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /** Event types. Default: all that you may see. */
  types?: readonly N[] | undefined;
}

/** A client's membership of a topic. It is kept up through lost connections; once it was lost, it is begun again under another id. */
export interface Membership<Data = unknown> {
  /** Id of the presence now. */
  readonly id: string;
  /** Replaces the data; of several within 50 ms the last is sent. @throws EventsError INVALID_EVENT, FORBIDDEN, CLOSED, UNAVAILABLE */
  update(data: Data): Promise<void>;
  /** Leaves. Idempotent; never rejects: where the server cannot be told, its lease tells it. */
  close(): Promise<void>;
}
