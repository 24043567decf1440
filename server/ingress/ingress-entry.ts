import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import { parseTopic } from '../../shared/topic.ts';
import { decode } from '../../shared/wire/decode.ts';
import { parseInput } from '../../shared/wire/json-text.ts';
import { INPUT_LIMITS, MAX_INPUT_BYTES } from '../../shared/wire/limits.ts';
import { expectsData, INGRESS_KEY } from '../router/inputs.ts';

/** An entry of the ingress stream, as Redis returns it. */
export interface IngressEntry {
  /** `<Unix ms>-<number>`, given by Redis. */
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The place of an entry's event in the log, and its identity there: by these it is found if it is stored already. */
interface IngressAddress {
  readonly topic: string;
  readonly idempotencyKey: string;
}

/** The event that an entry asks to publish; the catalog has not validated its data yet. */
interface IngressEvent extends IngressAddress {
  readonly event_type: string;
  readonly data: unknown;
  readonly timestamp: string;
}

const FIELDS = new Set(['topic', 'event_type', 'data', 'meta', 'timestamp', 'idempotency_key']);

/**
 * Reads an entry. It has `event_type` and `data` (JSON). Optional are `topic`, `timestamp` (default: the time it was added),
 * `idempotency_key` (default: made of the entry's id, so that it is stored once over any number of attempts) and, for data
 * that JSON cannot hold, superjson's `meta`.
 * @throws EventsError INVALID_EVENT, INVALID_TOPIC, FORBIDDEN for a private topic
 */
export function readEntry(entry: IngressEntry, catalog: AnyCatalog): IngressEvent {
  const { id, fields } = entry;
  for (const name of Object.keys(fields)) {
    if (!FIELDS.has(name))
      throw invalid(name, `is not a field of an entry; the fields are ${[...FIELDS].join(', ')}`);
  }
  const address = readAddress(entry);
  const { event_type, data, meta, timestamp } = fields;
  if (event_type === undefined) throw invalid('event_type', 'is missing');
  if (data === undefined) throw invalid('data', 'is missing');
  for (const [name, text] of Object.entries({ data, meta })) {
    if ((text?.length ?? 0) > MAX_INPUT_BYTES)
      throw invalid(name, `has more than ${MAX_INPUT_BYTES} characters`);
  }
  return {
    ...address,
    event_type,
    data: decodeData(catalog, event_type, parse('data', data), meta),
    timestamp: timestamp ?? addedAt(id),
  };
}

/** Reads only where an entry's event belongs, at no cost. @throws EventsError INVALID_EVENT, INVALID_TOPIC, FORBIDDEN for a private topic */
export function readAddress({ id, fields }: IngressEntry): IngressAddress {
  const { idempotency_key } = fields;
  if (idempotency_key?.startsWith(INGRESS_KEY))
    throw invalid('idempotency_key', `must not begin with ${INGRESS_KEY}`);
  const topic = parseTopic(fields['topic']);
  if (topic.startsWith('_')) throw new EventsError('FORBIDDEN', `Topic ${topic} is private.`);
  return { topic, idempotencyKey: idempotency_key ?? INGRESS_KEY + id };
}

/** Characters of an entry. */
export function sizeOf({ fields }: IngressEntry): number {
  return Object.entries(fields).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

/** Time at which an entry was added, Unix ms, by its id. */
export function timeOf(id: string): number {
  return Number.parseInt(id, 10);
}

function addedAt(id: string): string {
  const date = new Date(timeOf(id));
  return Number.isNaN(date.getTime()) ? new Date().toISOString() : date.toISOString();
}

/** Decodes data with its annotations, within the types that the event's schema can hold. */
function decodeData(catalog: AnyCatalog, name: string, json: unknown, meta: string | undefined): unknown {
  const annotations = meta === undefined ? undefined : parse('meta', meta);
  const ofData = expectsData(catalog, name);
  return decode(
    { json, meta: annotations },
    { limits: INPUT_LIMITS, expects: (path) => ofData(['data', ...path]) },
  );
}

function parse(name: string, text: string): unknown {
  try {
    return parseInput(text);
  } catch (error) {
    if (error instanceof EventsError) throw error;
    throw invalid(name, 'is not valid JSON');
  }
}

function invalid(name: string, problem: string): EventsError {
  const message = `${name} ${problem}`;
  return new EventsError('INVALID_EVENT', `Invalid entry: ${message}`, {
    issues: [{ path: [name], message }],
  });
}
