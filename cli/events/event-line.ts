import * as z from 'zod';
import { timestampSchema } from '../../shared/events.ts';
import {
  type AnyCatalog,
  EventsError,
  type EventToPublish,
  isStreamNotice,
  type OpenPart,
  parseInput,
  transformer,
} from '../../shared/index.ts';
import { openPart } from './open-lines.ts';
import type { Line } from './read-lines.ts';

/** An event of the input. */
export interface Input {
  /** Its name in errors; empty where there is only one. */
  readonly name: string;
  readonly event: EventToPublish<AnyCatalog>;
  /** Bytes of its line, where it is one. */
  readonly bytes?: number;
  /** Its cursor in the log it comes from, where that is known. */
  readonly cursor?: string | undefined;
  /** Its publisher, where that is told. */
  readonly by?: string | undefined;
  /** Its state, of an event that was not complete when it was published. */
  readonly open?: OpenPart | undefined;
  /** The answer to a question. */
  readonly answer?: unknown;
  /** False for an item that no log stores. */
  readonly stored?: boolean | undefined;
  /** It was printed by us, so its data is what it was; others write a date as JSON has it. */
  readonly isExact?: boolean;
}

/** A whole event as a line: what `tail`, `history`, `export` and `replay` print will do. */
const envelope = z.object({
  event_type: z.string(),
  data: z.unknown(),
  timestamp: z.string().optional(),
  idempotencyKey: z.string().optional(),
  by: z.string().optional(),
  cursor: z.string().optional(),
  meta: z.unknown().optional(),
  open: z.unknown().optional(),
  answer: z.unknown().optional(),
  stored: z.boolean().optional().catch(undefined),
});

/** An event as a line of JSON that loses nothing: `meta` says what of its data is a Date, a Map, a bigint. */
export function toLine(cursor: string, event: object): string {
  const { json, meta } = transformer.serialize(event);
  return JSON.stringify({ cursor, ...(json as object), ...(meta !== undefined && { meta }) });
}

/** The event of a line; none if it is a stream's own notice. @throws EventsError INVALID_EVENT, naming the line */
export function fromLine({ number, text }: Line): Input[] {
  const name = `Line ${number}`;
  const { success, data: line } = envelope.safeParse(parseJson(text, name));
  if (!success) {
    throw new EventsError(
      'INVALID_EVENT',
      `${name} is not an event: give it event_type and data, or pass a type`,
    );
  }
  const { cursor, meta, idempotencyKey, by, event_type, data, timestamp } = line;
  if (isStreamNotice(line) || event_type === 'stream_update') return [];
  const { answer, ...event } = revive({ event_type, timestamp, data, answer: line.answer }, meta, name);
  requireTime(event.timestamp, name);
  const isExact = cursor !== undefined || meta !== undefined;
  const state = { open: openOf(line.open, name), answer, stored: line.stored };
  const bytes = Buffer.byteLength(text);
  return [{ name, bytes, cursor, by, isExact, ...state, event: { ...event, idempotencyKey } }];
}

/** @throws EventsError INVALID_EVENT, naming the line */
function requireTime(timestamp: unknown, name: string): void {
  if (timestampSchema.optional().safeParse(timestamp).success) return;
  throw new EventsError('INVALID_EVENT', `${name}: timestamp: not an ISO 8601 time with Z or an offset`);
}

/** @throws EventsError INVALID_EVENT, naming the line */
function openOf(part: unknown, name: string): OpenPart | undefined {
  const { success, data, error } = openPart.optional().safeParse(part);
  if (success) return data;
  throw new EventsError(
    'INVALID_EVENT',
    `${name}: open is not what export writes, an id, a kind and a state: leave it out, or mend it`,
    { cause: error },
  );
}

/** @throws EventsError INVALID_EVENT, naming what is no JSON, or more than a server takes at once */
export function parseJson(json: string, name: string): unknown {
  try {
    return parseInput(json);
  } catch (error) {
    if (error instanceof EventsError) throw new EventsError('INVALID_EVENT', `${name}: ${error.message}`);
    throw new EventsError('INVALID_EVENT', `${name} is not JSON: ${(error as Error).message}`);
  }
}

/** The event with what its annotations say; the type of an event, and what it holds, is checked by whoever takes it. */
function revive<E extends object>(json: E, meta: unknown, name: string): E {
  if (meta === undefined) return json;
  try {
    return transformer.deserialize({ json, meta }) as E;
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    throw new EventsError('INVALID_EVENT', `${name}: ${error.message}`, {
      issues: error.issues,
      cause: error,
    });
  }
}
