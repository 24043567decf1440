import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import { parseTopic } from '../../shared/topic.ts';
import { decode } from '../../shared/wire/decode.ts';
import { parseInput } from '../../shared/wire/json-text.ts';
import { INPUT_LIMITS } from '../../shared/wire/limits.ts';
import { expectsData } from '../router/inputs.ts';

/** Characters of an entry's data and annotations, each: as large as a body over HTTP. */
const MAX_LENGTH = 1024 * 1024;

/** An entry of the ingress stream, as Redis gives it out. */
export interface IngressEntry {
  /** `<Unix ms>-<number>`, given by Redis. */
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The event an entry asks to publish; its data is for the catalog to judge. */
export interface IngressEvent {
  readonly topic: string;
  readonly event_type: string;
  readonly data: unknown;
  readonly timestamp: string;
  readonly idempotencyKey: string;
}

const FIELDS = new Set(['topic', 'event_type', 'data', 'meta', 'timestamp', 'idempotency_key']);

/**
 * Reads an entry: `event_type` and `data` (JSON), and if need be `topic`, `timestamp` (default: when it was added),
 * `idempotency_key` (default: from the entry's id, so that it is stored once however often it is tried) and, for data
 * that is more than JSON, superjson's `meta`.
 * @throws EventsError INVALID_EVENT, INVALID_TOPIC, FORBIDDEN for a private topic
 */
export function readEntry({ id, fields }: IngressEntry, catalog: AnyCatalog): IngressEvent {
  for (const name of Object.keys(fields)) {
    if (!FIELDS.has(name)) throw invalid(name, `is no field of an entry: ${[...FIELDS].join(', ')}`);
  }
  const topic = parseTopic(fields['topic']);
  if (topic.startsWith('_')) throw new EventsError('FORBIDDEN', `Topic ${topic} is private.`);
  const { event_type, data, meta, timestamp, idempotency_key } = fields;
  if (event_type === undefined) throw invalid('event_type', 'is missing');
  if (data === undefined) throw invalid('data', 'is missing');
  for (const [name, text] of Object.entries({ data, meta })) {
    if ((text?.length ?? 0) > MAX_LENGTH) throw invalid(name, `has more than ${MAX_LENGTH} characters`);
  }
  return {
    topic,
    event_type,
    data: decodeData(catalog, event_type, parse('data', data), meta),
    timestamp: timestamp ?? addedAt(id),
    idempotencyKey: idempotency_key ?? `ingress:${id}`,
  };
}

/** When an entry was added, Unix ms, by its id. */
export function timeOf(id: string): number {
  return Number.parseInt(id, 10);
}

function addedAt(id: string): string {
  const date = new Date(timeOf(id));
  return Number.isNaN(date.getTime()) ? new Date().toISOString() : date.toISOString();
}

/** Data with what its annotations say, of what the event's schema can hold. */
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
    throw invalid(name, 'is not JSON');
  }
}

function invalid(name: string, problem: string): EventsError {
  const message = `${name} ${problem}`;
  return new EventsError('INVALID_EVENT', `Invalid entry: ${message}`, {
    issues: [{ path: [name], message }],
  });
}
