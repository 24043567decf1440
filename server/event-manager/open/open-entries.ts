import type { AnyCatalog } from '../../../shared/catalog.ts';
import { yieldedBy } from '../../../shared/data/output-side.ts';
import { valueAt } from '../../../shared/filter/fields.ts';
import {
  envelopeText,
  fromLogEntry,
  type LogEntry,
  toLogEntry,
  validatedEntry,
} from '../../../shared/log.ts';
import { isStored } from '../../../shared/open/kinds.ts';
import { type OpenPart, type SettledState, settlementId } from '../../../shared/open/open-part.ts';
import type { NewOpenEvent, OpenEvent } from '../../broker/open/open-events.ts';
import type { BegunType } from './open-ids.ts';

/** Facts about an opening that its event has beside its data. */
export interface OpeningStamp {
  readonly id: string;
  readonly by: string | undefined;
  readonly traceparent?: string | undefined;
}

/** A settlement: its state, why, and of an answer the answer and who gave it. */
export interface SettlementStamp {
  readonly state: SettledState;
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  readonly answer?: unknown;
}

/** Makes the log entries of open events: validated by the catalog, at the versions that publishers are held at. */
export class OpenEntries {
  readonly #catalog: AnyCatalog;
  readonly #publishAs: ReadonlyMap<string, number>;
  /** Validate data that the events' schemas have yielded. */
  readonly #outputs = new Map<string, (data: unknown) => unknown>();

  constructor(catalog: AnyCatalog, publishAs: ReadonlyMap<string, number>) {
    this.#catalog = catalog;
    this.#publishAs = publishAs;
  }

  /**
   * The opening of an event, or the replacement of a presence; of a growing event with its text.
   * @throws EventsError INVALID_EVENT
   */
  opening(
    { type, kind, field }: BegunType,
    data: unknown,
    { id, by, traceparent }: OpeningStamp,
  ): Pick<NewOpenEvent, 'entry' | 'grows'> {
    const version = this.#publishAs.get(type);
    const open: OpenPart =
      field === undefined ? { id, kind, state: 'open' } : { id, kind, state: 'open', field };
    const event = { event_type: type, data, idempotencyKey: id, traceparent };
    const stored = isStored(kind) ? undefined : false;
    const entry = toLogEntry(this.#catalog, event, { by, version, open, stored });
    return field === undefined ? { entry } : { entry, grows: { field, text: this.#textOf(entry, field) } };
  }

  /**
   * The settlement of a growing event: all of it, with the text that it has now.
   * @throws EventsError INVALID_EVENT where that is no valid event
   */
  grown(event: OpenEvent, stamp: SettlementStamp): LogEntry {
    const { id, entry, grows, by } = event;
    const { type } = entry;
    const { data, traceparent } = this.#opened(entry);
    const field = grows?.field ?? '';
    const whole = this.#output(type)({ ...(data as object), [field]: grows?.text ?? '' });
    const version = this.#publishAs.get(type);
    const isHeld = version !== undefined && version !== this.#catalog.versionOf(type);
    return validatedEntry(
      this.#catalog,
      { event_type: type, idempotencyKey: settlementId(id), traceparent },
      isHeld ? this.#catalog.downcast(type, version, whole) : whole,
      { by, version, open: settledPart(event, stamp) },
    );
  }

  /** A settlement with the data of the opening as it is: of a question, or of a growing event whose text is not valid. */
  unchanged(event: OpenEvent, stamp: SettlementStamp): LogEntry {
    const { id, entry } = event;
    const { by, answer } = stamp;
    const { json: _, meta: __, ...rest } = entry;
    const { event_type, data, traceparent } = envelopeOf(entry);
    const envelope = {
      event_type,
      timestamp: new Date().toISOString(),
      data,
      ...(by !== undefined && { by }),
      ...(traceparent !== undefined && { traceparent }),
      open: settledPart(event, stamp),
      ...(answer !== undefined && { answer }),
    };
    const isPlain = entry.meta === undefined && answer === undefined;
    return { ...rest, id: settlementId(id), ...envelopeText(envelope, isPlain) };
  }

  /**
   * The settlement of a growing event that a newer process began: this one does not know its type or version, so the text is put
   * in as it is, and those who know it judge it. Null for an event that this process knows.
   */
  unjudged({ entry, grows, ...event }: OpenEvent, stamp: SettlementStamp): LogEntry | null {
    const { type, version = 1, validatedBy: _, json, meta, ...rest } = entry;
    const isKnown = this.#catalog.has(type) && version <= this.#catalog.versionOf(type);
    if (isKnown || !grows) return null;
    const envelope = envelopeOf(entry);
    const data = { ...(envelope.data as object), [grows.field]: grows.text };
    const text = envelopeText({ ...envelope, data }, meta === undefined);
    return this.unchanged({ ...event, grows, entry: { ...rest, type, version, ...text } }, stamp);
  }

  #textOf(entry: LogEntry, field: string): string {
    return String(valueAt(this.#opened(entry).data, [field]) ?? '');
  }

  /** An opening, its data raised to the newest version. */
  #opened(entry: LogEntry): Envelope {
    const { type, version = 1 } = entry;
    const envelope = envelopeOf(entry);
    if (version === this.#catalog.versionOf(type)) return envelope;
    return { ...envelope, data: this.#catalog.upcast(type, version, envelope.data) };
  }

  /** Validates data that was valid but for its text: it is what a schema yields, and not what it takes. */
  #output(type: string): (data: unknown) => unknown {
    let parse = this.#outputs.get(type);
    if (!parse) {
      const schema = this.#catalog.schemas[type];
      const ofInput = (data: unknown) => this.#catalog.parse(type, data);
      parse = schema ? yieldedBy(type, schema, ofInput) : ofInput;
      this.#outputs.set(type, parse);
    }
    return parse;
  }
}

/** The envelope of an opening. */
interface Envelope {
  readonly event_type: string;
  readonly data: unknown;
  readonly traceparent?: string | undefined;
}

/** Open sets have entries that managers made; a foreign writer of the log is believed as all of its content is. */
function envelopeOf(entry: LogEntry): Envelope {
  return fromLogEntry<AnyCatalog>(entry);
}

function settledPart({ id, kind, grows }: OpenEvent, { state, reason }: SettlementStamp): OpenPart {
  const field = grows && { field: grows.field };
  return { id, kind, state, ...field, ...(reason !== undefined && { reason }) };
}
