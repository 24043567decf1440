import type { AnyCatalog } from './catalog.ts';
import { newEntryId } from './data/entry-ids.ts';
import { markOf } from './data/fingerprint.ts';
import { EventsError } from './errors.ts';
import {
  type EventName,
  type EventOf,
  idempotencyKeySchema,
  isTraceparent,
  type PublishMeta,
  subjectIdSchema,
  timestampSchema,
} from './events.ts';
import type { OpenKind, OpenPart } from './open/open-part.ts';
import { decodeAccepted } from './wire/decode.ts';
import { encode } from './wire/encode.ts';
import { LOG_LIMITS } from './wire/limits.ts';

/** A validated event as it goes into a log: text, so that it reaches the sockets as it is. */
export interface LogEntry {
  readonly type: string;
  /** Its idempotency key, and its identity in the log. */
  readonly id: string;
  /** The envelope as JSON text. */
  readonly json: string;
  /** superjson's annotations of `{ data: <envelope> }` as JSON text, where the envelope holds more than plain JSON. */
  readonly meta?: string;
  /** Version of its event's data. Absent: 1. */
  readonly version?: number;
  /**
   * Fingerprint of the schema that yielded its data, where that schema has a transform whose result nothing describes:
   * another schema's data cannot be told from its own in any other way.
   */
  readonly schema?: string;
  /** The catalog that validated it in this process. No log stores it, so what comes from elsewhere lacks it. */
  readonly validatedBy?: object;
}

/** The result of a publish. */
export interface PublishResult {
  /** The record's place in the topic. */
  cursor: string;
  /** True if the idempotency key was seen before: nothing was stored, `cursor` is the first one's [D3]. */
  duplicate: boolean;
}

/** Anything that appends entries to a topic's log: a broker, whole or in part. */
export interface PublishTarget {
  /** Appends all entries, in order and contiguously, or none. @throws EventsError UNAVAILABLE */
  publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]>;
}

/** Facts about an event that its publisher does not say: whoever takes it in does. */
export interface EntryStamp {
  /** Id of its publisher. Default: nobody is named. */
  by?: string | undefined;
  /** Version of the data that is stored; see AnyCatalog.downcast. Default: the newest. */
  version?: number | undefined;
  /** The open event that it opens or settles. Default: it is complete. */
  open?: OpenPart | undefined;
  /** The answer to a question that was answered, as the catalog has validated it. */
  answer?: unknown;
  /** False for an event that no log stores. */
  stored?: false | undefined;
}

/**
 * Validates an event and turns it into a log entry: the only way into a log.
 * @throws EventsError UNKNOWN_EVENT or INVALID_EVENT, with the path of each wrong field; INVALID_OPTION where an event of its
 *   kind is no record, or has to be begun
 */
export function toLogEntry<C extends AnyCatalog>(
  catalog: C,
  event: { event_type: string; data: unknown } & PublishMeta,
  stamp: EntryStamp = {},
): LogEntry {
  const { event_type, timestamp, idempotencyKey } = event;
  const { by, open, stored } = stamp;
  const newest = catalog.versionOf(event_type);
  const version = stamp.version ?? newest;
  const kind = catalog.opens[event_type]?.kind;
  if (kind !== undefined && kind !== 'growing' && !open && !(kind === 'ephemeral' && stored === false))
    throw otherWay(event_type, kind);
  if (timestamp !== undefined && !timestampSchema.safeParse(timestamp).success)
    throw invalidField('timestamp', 'not an ISO 8601 time with Z or an offset');
  if (idempotencyKey !== undefined && !idempotencyKeySchema.safeParse(idempotencyKey).success)
    throw invalidField('idempotencyKey', 'must be 1–128 characters');
  if (by !== undefined && !subjectIdSchema.safeParse(by).success)
    throw invalidField('by', 'must be text of 1–128 characters, none of them a control character');
  const data =
    version === newest
      ? catalog.parse(event_type, event.data)
      : catalog.downcast(event_type, version, event.data);
  return validatedEntry(catalog, event, data, stamp);
}

/** The log entry of an event whose data is valid: of the version that the stamp names, as that version's schema yields it. */
export function validatedEntry<C extends AnyCatalog>(
  catalog: C,
  event: { event_type: string } & PublishMeta,
  data: unknown,
  { by, version: held, open, answer, stored }: EntryStamp,
): LogEntry {
  const { event_type, timestamp, idempotencyKey, traceparent } = event;
  const newest = catalog.versionOf(event_type);
  const version = held ?? newest;
  const envelope: Record<string, unknown> = { event_type, timestamp: timestamp ?? now(), data };
  if (by !== undefined) envelope['by'] = by;
  if (isTraceparent(traceparent)) envelope['traceparent'] = traceparent;
  if (open) envelope['open'] = open;
  if (answer !== undefined) envelope['answer'] = answer;
  if (stored === false) envelope['stored'] = false;
  const isPlain = version === newest && catalog.isPlainJson(event_type);
  const { json, meta } = envelopeText(envelope, isPlain && answer === undefined);
  const entry: Writable<LogEntry> = { type: event_type, id: idempotencyKey ?? newEntryId(), json };
  if (meta !== undefined) entry.meta = meta;
  if (version > 1) entry.version = version;
  const schema = isPlain ? undefined : catalog.schemaOf(event_type, version);
  const mark = schema && markOf(schema);
  if (mark !== undefined) entry.schema = mark;
  if (version === newest) entry.validatedBy = catalog;
  return entry;
}

/**
 * An envelope as the text of a log entry.
 * @param plain true if its data is known to be plain JSON, see AnyCatalog.isPlainJson
 */
export function envelopeText(envelope: object, plain: boolean): Pick<LogEntry, 'json' | 'meta'> {
  if (plain) return { json: JSON.stringify(envelope) };
  const { json, meta } = encode({ data: envelope }, { maxDepth: LOG_LIMITS.maxDepth });
  const text = { json: JSON.stringify((json as { data: unknown }).data) };
  return meta === undefined ? text : { ...text, meta: JSON.stringify(meta) };
}

/** The event a log entry holds; the inverse of {@link toLogEntry}. It believes the entry: see {@link checkedEvent}. */
export function fromLogEntry<C extends AnyCatalog>(
  entry: Pick<LogEntry, 'json' | 'meta'>,
): EventOf<EventName<C>, C> {
  const json = JSON.parse(entry.json);
  if (entry.meta === undefined) return json;
  const decoded = decodeAccepted({ json: { data: json }, meta: JSON.parse(entry.meta) }, LOG_LIMITS);
  return (decoded as { data: EventOf<EventName<C>, C> }).data;
}

/**
 * Decodes an entry that anybody may have written and that everybody will read: refuses data too deep to be sent again.
 * @throws EventsError, or a SyntaxError
 */
export function checkedEvent(entry: Pick<LogEntry, 'json' | 'meta'>): unknown {
  const json = { data: JSON.parse(entry.json) as unknown };
  const meta = entry.meta === undefined ? undefined : JSON.parse(entry.meta);
  return (decodeAccepted({ json, meta }, LOG_LIMITS) as { data: unknown }).data;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

let stampedMs = Number.NaN;
let stamp = '';

/** The time as ISO 8601. Its text is made once in a millisecond, in which a busy process publishes dozens of events. */
function now(): string {
  const ms = Date.now();
  if (ms !== stampedMs) {
    stamp = new Date(ms).toISOString();
    stampedMs = ms;
  }
  return stamp;
}

/** The error of an event that does not become a record in this way. */
function otherWay(name: string, kind: Exclude<OpenKind, 'growing'>): EventsError {
  const verb = kind === 'question' ? 'ask' : 'join';
  const advice =
    kind === 'ephemeral'
      ? 'is never stored: publish it by itself, through a server'
      : `is a ${kind}: ${verb} it, with ${verb}('${name}', …), or the call begin.${name}`;
  return new EventsError('INVALID_OPTION', `${name} ${advice}.`);
}

function invalidField(field: string, message: string): EventsError {
  return new EventsError('INVALID_EVENT', `Invalid event: ${field}: ${message}`, {
    issues: [{ path: [field], message }],
  });
}
