import type * as z from 'zod';
import type { AnyCatalog } from '../../../shared/catalog.ts';
import { partsOf } from '../../../shared/data/schema-facts.ts';
import { EventsError } from '../../../shared/errors.ts';
import { subjectIdSchema, timestampSchema } from '../../../shared/events.ts';
import { checkedEvent, envelopeText } from '../../../shared/log.ts';
import type { LogRecord } from '../../broker/broker.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ERASURE, erasedPlace, erasureGap, placeOf } from './erasure.ts';
import { KnownTexts } from './known-texts.ts';
import type { StreamRecord } from './stream-record.ts';

/** Ms between two lines about records that were turned away: a log full of them is read again and again. */
const WARN_EVERY_MS = 1000;
/** Longest reason that is logged: zod names each wrong field. */
const MAX_REASON = 500;

/**
 * Lets a log's records into the process. A record that this catalog validated in this process passes as it is. Any
 * other was written by somebody else, by another catalog, or before the process started: it is validated, and one that
 * is not valid is a gap in its place [D4]. A text that passed lately passes again, wherever it is read: to validate it
 * takes ten times as long as to recognise it, and those who come back after an outage read what came live before.
 */
export class RecordChecks {
  readonly #catalog: AnyCatalog;
  readonly #logger: Logger;
  readonly #passed = new KnownTexts();
  readonly #traits = new Map<string, SchemaTraits>();
  /** Records turned away since the start. */
  rejected = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  /** Records turned away without a line since the last one. */
  #unsaid = 0;

  constructor(catalog: AnyCatalog, logger: Logger) {
    this.#catalog = catalog;
    this.#logger = logger;
  }

  admit(record: LogRecord): StreamRecord {
    if (record.validatedBy === this.#catalog) return record;
    if (record.erased) return erasedPlace(record);
    const { type } = record;
    if (type === ERASURE) {
      this.forget();
      return erasureGap(record) ?? placeOf(record, 'dropped');
    }
    // Records of the server itself, such as revocations: no event can have such a name, and nobody can ask for one.
    if (type.includes('.')) return record;
    // An event of a newer catalog: whoever wants that type has to be told.
    if (!this.#catalog.has(type)) return placeOf(record, 'dropped');
    if (this.#passed.has(record)) return record;
    try {
      const valid = this.#validated(record);
      if (valid === record) this.#passed.add(record);
      return valid;
    } catch (error) {
      this.rejected++;
      this.#warn(record, String(error));
      return placeOf(record, 'dropped');
    }
  }

  /** Forgets the texts that it knows: some were erased. */
  forget(): void {
    this.#passed.clear();
  }

  /**
   * The record as the newest version of its event: raised from an older one, or completed by the defaults of its schema.
   * @throws Error if it is not valid
   */
  #validated(record: LogRecord): StreamRecord {
    const catalog = this.#catalog;
    const { type, version = 1 } = record;
    const event = checkedEvent(record);
    if (
      typeof event !== 'object' ||
      event === null ||
      !('event_type' in event && 'data' in event && 'timestamp' in event)
    ) {
      throw new EventsError('INVALID_EVENT', 'not an event envelope');
    }
    if (event.event_type !== type)
      throw new EventsError('INVALID_EVENT', 'event_type differs from the entry’s type');
    if (!timestampSchema.safeParse(event.timestamp).success)
      throw new EventsError('INVALID_EVENT', 'timestamp is not ISO 8601');
    if ('by' in event && !subjectIdSchema.safeParse(event.by).success)
      throw new EventsError('INVALID_EVENT', 'by is no id of a subject');
    const rewritten = (data: unknown): StreamRecord => {
      const { meta: _, version: __, ...rest } = record;
      return { ...rest, ...envelopeText({ ...event, data }, catalog.isPlainJson(type)) };
    };
    if (version < catalog.versionOf(type)) return rewritten(catalog.upcast(type, version, event.data));
    const { isRepeatable, fillsIn } = this.#traitsOf(type);
    // A transform would transform its own output again: such a schema cannot judge it.
    if (!isRepeatable) return record;
    const data = catalog.parse(type, event.data);
    return fillsIn ? rewritten(data) : record;
  }

  #traitsOf(type: string): SchemaTraits {
    let traits = this.#traits.get(type);
    if (traits === undefined) {
      const schema = this.#catalog.schemas[type];
      traits = schema ? traitsOf(schema) : { isRepeatable: false, fillsIn: false };
      this.#traits.set(type, traits);
    }
    return traits;
  }

  #warn({ cursor, type }: LogRecord, reason: string): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) {
      this.#unsaid++;
      return;
    }
    this.#logger.warn(
      { cursor, type, reason: reason.slice(0, MAX_REASON), others: this.#unsaid },
      'A malformed record in the log was not delivered',
    );
    this.#warnedAt = now;
    this.#unsaid = 0;
  }
}

/** A schema's treatment of data that it has parsed before. */
interface SchemaTraits {
  /** A second parse accepts what the first one yielded: nothing in the schema transforms data. */
  readonly isRepeatable: boolean;
  /** A parse may add what the data lacks, or replace what is wrong: there is a default or a catch in the schema. */
  readonly fillsIn: boolean;
}

/** Kinds of schema whose output is not what they accept. */
const TRANSFORMING = ['pipe', 'transform'];
/** Kinds of schema that put a value of their own in place of another. */
const FILLING = ['default', 'prefault', 'catch'];

/** The traits of a schema and of all its parts. */
function traitsOf(schema: z.ZodType): SchemaTraits {
  const kinds = new Set<string>();
  for (const { _zod } of partsOf(schema)) kinds.add(_zod.def.type);
  const has = (some: readonly string[]) => some.some((kind) => kinds.has(kind));
  return { isRepeatable: !has(TRANSFORMING), fillsIn: has(FILLING) };
}
