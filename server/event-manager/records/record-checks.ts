import type * as z from 'zod';
import { type AnyCatalog, unknownEvent } from '../../../shared/catalog.ts';
import { markOf } from '../../../shared/data/fingerprint.ts';
import { outputSideOf, yieldedBy } from '../../../shared/data/output-side.ts';
import { partsOf } from '../../../shared/data/schema-facts.ts';
import { EventsError, messageOf } from '../../../shared/errors.ts';
import { subjectIdSchema, timestampSchema } from '../../../shared/events.ts';
import { checkedEvent, envelopeText } from '../../../shared/log.ts';
import { whyNoAnswer, whyNoOpenPart } from '../../../shared/open/check-open-part.ts';
import { describeEvent } from '../../../shared/open/describe-event.ts';
import type { OpenPart } from '../../../shared/open/open-part.ts';
import type { LogRecord } from '../../broker/broker.ts';
import { ERASED_NOTICE } from '../../broker/retention/type-rules.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { erasedPlace, erasureGap, placeOf, unreadablePlace } from './erasure.ts';
import { KnownTexts } from './known-texts.ts';
import type { RecordText, StreamRecord } from './stream-record.ts';

/** Ms between two lines about records of one version of an event that were turned away: a log full of them is read again and again. */
const WARN_EVERY_MS = 1000;
/** Longest reason that is logged: zod names each wrong field. */
const MAX_REASON = 500;

/**
 * Lets a log's records into the process. A record that this catalog validated in this process passes as it is. Any
 * other was written by somebody else, by another catalog, or before the process started: it is validated, and one that
 * is not valid is a gap in its place [D4]. A text that passed lately passes again, wherever it is read, and becomes what it
 * became then: to validate it takes ten times as long as to recognise it, to raise it as long as its steps take [V2], and
 * those who come back after an outage read what came live before.
 */
export class RecordChecks {
  readonly #catalog: AnyCatalog;
  readonly #logger: Logger;
  readonly #known = new KnownTexts();
  readonly #isFirst: FirstSchema;
  /** One for each version of an event, by `<type> <version>`. */
  readonly #judges = new Map<string, Judge>();
  readonly #answerJudges = new Map<string, Judge['parse']>();
  /** Records turned away since the start, by `<type> <version>`. */
  readonly #rejections = new Map<string, Rejections>();

  /** @param isFirst judges records that were written before their log kept schemas. @default no schema was the first */
  constructor(catalog: AnyCatalog, logger: Logger, isFirst: FirstSchema = () => false) {
    this.#catalog = catalog;
    this.#logger = logger;
    this.#isFirst = isFirst;
  }

  /** True where a record may have to be judged by the schema that the log kept first. */
  get needsFirst(): boolean {
    const catalog = this.#catalog;
    return catalog.names.some((type) =>
      Array.from({ length: catalog.versionOf(type) }, (_, index) => this.#judgeOf(type, index + 1)).some(
        ({ marks }) => marks !== undefined,
      ),
    );
  }

  /** Records turned away since the start. */
  get rejected(): number {
    return Object.values(this.rejectedByVersion).reduce((sum, count) => sum + count, 0);
  }

  /** Records turned away since the start, by `<type> <version>`. */
  get rejectedByVersion(): Record<string, number> {
    return Object.fromEntries([...this.#rejections].map(([name, { count }]) => [name, count]));
  }

  admit(record: LogRecord): StreamRecord {
    if (record.validatedBy === this.#catalog) return record;
    if (record.erased) return erasedPlace(record);
    const { type } = record;
    if (type === ERASED_NOTICE) return erasureGap(record) ?? placeOf(record, 'dropped');
    // Records of the server itself, such as revocations: no event can have such a name, and nobody can ask for one.
    if (type.includes('.')) return record;
    // An event of a newer catalog: whoever wants that type has to be told.
    if (!this.#catalog.has(type)) return unreadablePlace(record, 'dropped');
    if ((record.version ?? 1) > this.#catalog.versionOf(type))
      return unreadablePlace(record, 'unknown_version');
    try {
      let text = this.#known.became(record);
      if (text === undefined) {
        text = this.#validated(record);
        this.#known.add(record, text);
      }
      return text === null ? record : rewritten(record, text);
    } catch (error) {
      this.#reject(record, String(error));
      return unreadablePlace(record, 'dropped');
    }
  }

  /** Tells why a record would not be delivered; null if it would. Nothing is counted or logged. */
  reasonAgainst(record: LogRecord): string | null {
    const { type, version = 1, erased } = record;
    if (type.includes('.') || erased) return null;
    if (!this.#catalog.has(type)) return 'the catalog has no such event';
    const newest = this.#catalog.versionOf(type);
    if (version > newest) return `the catalog knows this event up to version ${newest}`;
    try {
      this.#validated(record);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  /**
   * The text of a record as the newest version of its event: raised from an older one, or completed by the defaults of its
   * schema; null if that is the text it has.
   * @throws Error if it is not valid
   */
  #validated(record: LogRecord): RecordText | null {
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
    this.#checkOpen(type, event);
    const textOf = (data: unknown) => envelopeText({ ...event, data }, catalog.isPlainJson(type));
    const { parse, fillsIn, marks } = this.#judgeOf(type, version);
    const data = parse(event.data);
    if (marks && !this.#isOf(record, marks))
      throw new EventsError(
        'INVALID_EVENT',
        `another schema wrote it than this one, whose transform cannot be checked: make the change a new version with versions(…)`,
      );
    if (version < catalog.versionOf(type)) return textOf(catalog.upcast(type, version, data));
    return fillsIn ? textOf(data) : null;
  }

  /** @throws EventsError INVALID_EVENT for an event that cannot be open so, or answered so */
  #checkOpen(type: string, event: object): void {
    if ('open' in event) {
      const reason = whyNoOpenPart(event.open, this.#catalog.opens[type]);
      if (reason !== null) throw new EventsError('INVALID_EVENT', reason);
    }
    const state = 'open' in event ? (event.open as OpenPart).state : undefined;
    const wrong = whyNoAnswer(state, 'answer' in event);
    if (wrong !== null) throw new EventsError('INVALID_EVENT', wrong);
    if ('answer' in event) this.#answerJudgeOf(type)(event.answer);
  }

  #answerJudgeOf(type: string): Judge['parse'] {
    let judge = this.#answerJudges.get(type);
    if (judge === undefined) {
      const answers = this.#catalog.opens[type]?.answers;
      const parse = (answer: unknown) => this.#catalog.parseAnswer(type, answer);
      judge = answers ? yieldedBy(type, answers, parse) : parse;
      this.#answerJudges.set(type, judge);
    }
    return judge;
  }

  /** Tells if the schema with these marks wrote a record. */
  #isOf({ type, version = 1, schema }: LogRecord, { data, event }: Marks): boolean {
    return schema === undefined ? this.#isFirst(type, version, event) : schema === data;
  }

  #judgeOf(type: string, version: number): Judge {
    const name = `${type} ${version}`;
    let judge = this.#judges.get(name);
    if (judge === undefined) {
      judge = judgeOf(this.#catalog, type, version);
      this.#judges.set(name, judge);
    }
    return judge;
  }

  #reject({ cursor, type, version = 1 }: LogRecord, reason: string): void {
    // Anybody who writes to the log can name any version: all that the catalog does not know count as one.
    const name = `${type} ${Math.min(version, this.#catalog.versionOf(type) + 1)}`;
    const found = this.#rejections.get(name) ?? { count: 0, told: 0, toldAt: Number.NEGATIVE_INFINITY };
    this.#rejections.set(name, found);
    found.count++;
    const now = performance.now();
    if (now - found.toldAt < WARN_EVERY_MS) return;
    const others = found.count - found.told - 1;
    this.#logger.warn(
      { cursor, type, version, reason: reason.slice(0, MAX_REASON), others },
      `A malformed record of ${type}, version ${version}, was not delivered`,
    );
    found.told = found.count;
    found.toldAt = now;
  }
}

/** A record with another text, of the newest version. */
function rewritten(record: LogRecord, text: RecordText): StreamRecord {
  const { meta: _, version: __, schema: ___, ...rest } = record;
  return { ...rest, ...text };
}

/** Tells if a schema is the first that was kept with the log: see SchemaComparison.isFirst. */
type FirstSchema = (type: string, version: number, fingerprint: string) => boolean;

/** Records of one version of an event that were turned away. */
interface Rejections {
  count: number;
  /** The count when a line last told of one. */
  told: number;
  toldAt: number;
}

/** Judges data that the schema of an event's version has yielded before, here or elsewhere. */
interface Judge {
  /** The data, completed. @throws EventsError INVALID_EVENT */
  readonly parse: (data: unknown) => unknown;
  /** True where parsing may add what the data lacks, or replace what is wrong: there is a default or a catch in the schema. */
  readonly fillsIn: boolean;
  /** Fingerprints that a record must have too, where a part of the data passes whatever it is; else undefined. */
  readonly marks: Marks | undefined;
}

/** Fingerprints of a schema. */
interface Marks {
  /** The fingerprint of the data: a record has it. */
  readonly data: string;
  /** The fingerprint of the event, with its kind: a log keeps it. */
  readonly event: string;
}

function judgeOf(catalog: AnyCatalog, type: string, version: number): Judge {
  const schema = catalog.schemaOf(type, version);
  if (!schema) throw unknownEvent(type, catalog.names);
  const isNewest = version === catalog.versionOf(type);
  const data = markOf(schema);
  const event = data && describeEvent(catalog, type, version)?.fingerprint;
  return {
    parse: yieldedBy(type, schema, isNewest ? (data) => catalog.parse(type, data) : undefined),
    fillsIn: replaces(outputSideOf(schema).schema),
    marks: data && event ? { data, event } : undefined,
  };
}

/** Kinds of schema that put a value of their own in place of another. */
const FILLING = ['default', 'prefault', 'catch'];

/** Tells if a schema, or a part of it, may put a value of its own in place of another. */
function replaces(schema: z.ZodType): boolean {
  return [...partsOf(schema)].some(({ _zod }) => FILLING.includes(_zod.def.type));
}
