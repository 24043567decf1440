import type { Position } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { LogEntry, PublishResult, PublishTarget } from '../../shared/log.ts';
import type { GapReason } from '../../shared/stream-items.ts';
import type { OpenEvents, OpenSink } from './open/open-events.ts';
import type { Cuts, Types } from './retention/cuts.ts';

/**
 * Keeps the logs of topics, and brings their records to every process. These comments are the contract; the suite in
 * `test/broker/contract/` runs it against every implementation.
 *
 * A record keeps its entry's `validatedBy` where the broker knows that the text is unchanged. Every other
 * record is delivered only if its text is valid, or was lately, in the reading process.
 *
 * All methods reject with EventsError UNAVAILABLE when the log cannot be reached (within a bounded time: no promise of a
 * broker stays pending), and with CLOSED after `close()`.
 */
export interface Broker extends PublishTarget {
  /**
   * Appends all entries to the topic, in order, contiguously numbered, or none of them [D1] [D2].
   * An entry whose `id` was appended to the topic within the last 5 minutes stores nothing and answers the first
   * record's cursor with `duplicate: true` [D3]; so does the second of two equal ids in one call.
   */
  publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]>;

  /**
   * Reads a page: up to `limit` records right after a position, oldest first. The page ends early once its JSON comes to
   * READ_CHARS. A range at its beginning that cannot be read any more is its `gap`, and its records begin right after
   * `gap.to`. Holes that limits of types have made are its `gaps`. Any other hole further on ends the page, and is the gap
   * of the next one. So a page with neither records nor a gap is the end of the log; a short page need not be. Records and
   * bounds are of one moment.
   */
  read(topic: string, after: Position, limit: number): Promise<ReadResult>;

  /**
   * Takes the content of records out of the log for good, and appends entries that tell so, in one step: either all of it
   * happens or nothing. An erased record keeps its place, time, id and type; its `json` is empty, it has no `meta`, and
   * `erased` is true. Numbers without a record, and records that were erased before, are passed over; where that leaves
   * none, or the epoch is another, nothing is appended. A repeated call stores notices with the same ids once, as
   * {@link publish} does.
   * @param seqs numbers of records, ascending
   * @param notices one at least
   * @param more true if a further call of the same erasing follows, so that work which is done once for all of it can wait
   *   for the last. Default false
   * @returns the number of records that were erased
   */
  erase(
    topic: string,
    epoch: string,
    seqs: readonly number[],
    notices: readonly LogEntry[],
    more?: boolean,
  ): Promise<number>;

  /** The bounds of the log now. A topic that was never written to has an epoch too. */
  bounds(topic: string): Promise<Bounds>;

  /**
   * The position right before the first record appended at or after a time (Unix ms); the log's end if there is none. It
   * is before the hole that limits of types have made in front of that record: what is gone there may be as young.
   */
  seek(topic: string, at: number): Promise<Position>;

  /**
   * Follows a topic from its end. Resolves once attached. While the log cannot be reached it keeps trying, before it is
   * attached and after: a tail never fails, it falls behind and catches up. Only `close()` ends it.
   * @param signal gives it up while it is not attached: then it rejects. In an outage that may be long, and nothing is to be
   *   left of those who did not wait
   */
  tail(topic: string, sink: TailSink, signal?: AbortSignal): Promise<Tail>;

  /**
   * Follows the names of topics. Resolves once `sink` was given the names of all topics that hold a record; afterwards it
   * is given the name of each topic that gets one, within seconds. It may get a name more than once, or that of a topic
   * that holds no record yet or any more; it is not told when a topic ends. While the log cannot be reached it keeps
   * trying.
   * @param signal gives it up as that of {@link tail} does
   */
  topics(sink: (names: readonly string[]) => void, signal?: AbortSignal): Promise<Tail>;

  /**
   * Keeps schemas of events beside the logs, for as long as there are logs: adds those that are not kept yet, told apart
   * by type, version and fingerprint, and resolves with those that were kept before, the oldest first. Without a schema to
   * add it writes nothing. A broker whose logs go with the process may lack it.
   */
  keepSchemas?(schemas: readonly KeptSchema[]): Promise<KeptSchema[]>;

  /** The open sets of its topics. A broker may lack them: then no event can be begun. */
  readonly open?: OpenEvents;

  /** Closes connections; tails end without a further call. Idempotent. */
  close(): Promise<void>;
}

/** Characters of JSON at which a page of {@link Broker.read} ends, so that a page takes bounded memory with events of any size. */
export const READ_CHARS = 256 * 1024;

/** A record: an entry with its place. */
export interface LogRecord extends LogEntry, Position {
  /** `<epoch>:<seq>`. */
  readonly cursor: string;
  /** When it was appended, Unix ms by the log's own clock; never decreases within a topic. */
  readonly at: number;
  /** Its content was erased: `json` is empty. */
  readonly erased?: true;
}

/** The schema of one version of an event, kept beside the logs that were written with it. */
export interface KeptSchema {
  readonly type: string;
  readonly version: number;
  /** See `describe` of shared/data/fingerprint.ts. */
  readonly fingerprint: string;
  /** JSON Schemas of what it takes and yields, as text: `{"input":…,"output":…}`. */
  readonly json: string;
}

/** The retained range of a topic. Empty when `first > last`. */
export interface Bounds {
  readonly epoch: string;
  /** `seq` of the oldest record still held; `last + 1` when none is. */
  readonly first: number;
  /** `seq` of the newest record ever appended in this epoch; 0 before the first. */
  readonly last: number;
  /**
   * `seq` of the last notice of the latest {@link Broker.erase}; absent before the first. While it is the same, records
   * that were read are still as they were.
   */
  readonly erased?: number;
  /**
   * Numbers up to which limits of types may have taken records out; absent where there never was such a limit. A record
   * beyond them is held.
   */
  readonly cuts?: Cuts;
}

/** A range that cannot be delivered [D4]: after `from`, up to and including `to`. */
export interface Gap {
  readonly from: Position;
  readonly to: Position;
  /** Number of records; null where it cannot be known. */
  readonly lost: number | null;
  readonly reason: GapReason;
  /** Types that may have been in it; absent: any. */
  readonly types?: Types;
}

/** Result of {@link Broker.read}. */
export interface ReadResult {
  readonly gap: Gap | null;
  readonly records: readonly LogRecord[];
  /** Holes between the records, oldest first: each is after one of them and before the next. Absent: none. */
  readonly gaps?: readonly Gap[];
  readonly bounds: Bounds;
}

/** Receiver of a tail. Its calls come one at a time, in log order. It must not throw. */
export interface TailSink {
  /** Once, before any other call: every record after this position follows. */
  start(position: Position): void;
  /** Records that follow on everything before without a hole. */
  records(records: readonly LogRecord[]): void;
  /** A range that cannot be delivered; records go on right after `gap.to`. */
  gap(gap: Gap): void;
  /** Takes the topic's open set too. Left out: it is neither read nor told. */
  readonly open?: OpenSink | undefined;
}

/** Handle of a {@link Broker.tail}, or of {@link Broker.topics}. */
export interface Tail {
  /** No call reaches the sink after this returns. */
  close(): void;
}

/** A record without its content, see {@link Broker.erase}. */
export function withoutContent(record: LogRecord): LogRecord {
  const { meta: _, validatedBy: __, ...rest } = record;
  return { ...rest, json: '', erased: true };
}

/** Time for which an idempotency key is remembered [D3]. */
export const IDEMPOTENCY_MS = 5 * 60 * 1000;

/**
 * The log cannot be used now. The message is for the operators of the server: it names files and addresses that clients
 * must not see, so the router tells clients less.
 */
export class LogUnavailable extends EventsError {
  constructor(message: string, cause?: unknown) {
    super('UNAVAILABLE', message, { cause });
  }
}

/** The error of every call after {@link Broker.close}. */
export function brokerClosed(): EventsError {
  return new EventsError('CLOSED', 'The broker is closed.');
}
