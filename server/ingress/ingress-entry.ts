import { EventsError } from '../../shared/errors.ts';
import { parseExactly } from '../../shared/exact-json.ts';
import { parseTopic } from '../../shared/topic.ts';
import { transformer } from '../../shared/transformer.ts';

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
export function readEntry({ id, fields }: IngressEntry): IngressEvent {
  for (const name of Object.keys(fields)) {
    if (!FIELDS.has(name)) throw invalid(name, `is no field of an entry: ${[...FIELDS].join(', ')}`);
  }
  const topic = parseTopic(fields['topic']);
  if (topic.startsWith('_')) throw new EventsError('FORBIDDEN', `Topic ${topic} is private.`);
  const { event_type, data, meta, timestamp, idempotency_key } = fields;
  if (event_type === undefined) throw invalid('event_type', 'is missing');
  if (data === undefined) throw invalid('data', 'is missing');
  const json = parse('data', data);
  return {
    topic,
    event_type,
    data: meta === undefined ? json : withMeta(json, parse('meta', meta)),
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

function withMeta(json: unknown, meta: unknown): unknown {
  try {
    return transformer.deserialize({ json, meta } as Parameters<typeof transformer.deserialize>[0]);
  } catch {
    throw invalid('meta', 'does not fit the data');
  }
}

function parse(name: string, text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    throw invalid(name, 'is not JSON');
  }
}

function invalid(name: string, problem: string): EventsError {
  const message = `${name} ${problem}`;
  return new EventsError('INVALID_EVENT', `Invalid entry: ${message}`, {
    issues: [{ path: [name], message }],
  });
}
