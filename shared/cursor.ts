import * as z from 'zod';
import { EventsError } from './errors.ts';
import { timestampSchema } from './events.ts';
import { MAX_TOPICS, parseTopic } from './topic.ts';

/** A place in a topic's log: after record `seq` of `epoch`. `seq` 0 is the place before the first record [D1]. */
export interface Position {
  /** One incarnation of the log; changes when the log was lost or cannot be trusted. */
  readonly epoch: string;
  /** 1 for the first record, contiguous within an epoch. */
  readonly seq: number;
}

const CURSOR = /^([A-Za-z0-9]{1,32}):(0|[1-9][0-9]{0,15})$/;

/** `<epoch>:<seq>`, opaque to callers: keep it, hand it back, do not take it apart. */
export function formatCursor({ epoch, seq }: Position): string {
  return `${epoch}:${seq}`;
}

/** The position a cursor names. @throws EventsError INVALID_CURSOR when it is not one. */
export function parseCursor(cursor: string): Position {
  const [, epoch, seq] = CURSOR.exec(cursor) ?? [];
  if (epoch === undefined || !Number.isSafeInteger(Number(seq))) {
    throw new EventsError(
      'INVALID_CURSOR',
      `Not a cursor: ${JSON.stringify(String(cursor).slice(0, 80))}. Pass one that a stream, a publish or history returned.`,
    );
  }
  return { epoch, seq: Number(seq) };
}

export const cursorSchema = z
  .string()
  .regex(CURSOR, 'Not a cursor: pass one that a stream, a publish or history returned')
  .describe('A place in a topic’s log, as returned by a stream, a publish or history');

/** Tells if two positions are the same place. */
export function samePosition(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.epoch === b.epoch;
}

/** Tells if one position is before another, in the same log. */
export function isBefore(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.seq < b.seq;
}

/** Longest cursor of several topics: as many as there may be, each with the longest name. */
const MAX_CURSOR_LENGTH = MAX_TOPICS * 180;

/**
 * The cursor of a subscription to several topics: `~<topic>:<epoch>:<seq>` for each, `~` for none. Every item carries
 * all of them, since a client resumes with that of its last item alone.
 */
export function formatTopicsCursor(positions: ReadonlyMap<string, Position>): string {
  let cursor = '';
  for (const [topic, { epoch, seq }] of positions) cursor += `~${topic}:${epoch}:${seq}`;
  return cursor || '~';
}

export function isTopicsCursor(cursor: string): boolean {
  return cursor.startsWith('~');
}

/** The position in each topic. @throws EventsError INVALID_CURSOR */
export function parseTopicsCursor(cursor: string): Map<string, Position> {
  if (!isTopicsCursor(cursor) || cursor.length > MAX_CURSOR_LENGTH) throw notOfSeveral(cursor);
  const parts = cursor === '~' ? [] : cursor.slice(1).split('~');
  const positions = new Map<string, Position>();
  for (const part of parts) {
    const colon = part.indexOf(':');
    try {
      positions.set(parseTopic(part.slice(0, colon)), parseCursor(part.slice(colon + 1)));
    } catch (cause) {
      throw notOfSeveral(cursor, cause);
    }
  }
  if (positions.size !== parts.length || positions.size > MAX_TOPICS) throw notOfSeveral(cursor);
  return positions;
}

/** A cursor of one topic or of several. Whether it is one is checked in full where it is used. */
export const anyCursorSchema = z
  .string()
  .max(MAX_CURSOR_LENGTH)
  .regex(
    /^(?:~[A-Za-z0-9_.:~-]*|[A-Za-z0-9]{1,32}:[0-9]{1,16})$/,
    'Not a cursor: pass one that a stream, a publish or history returned',
  )
  .describe('A place in a topic’s log, or in several, as returned by a stream, a publish or history');

function notOfSeveral(cursor: string, cause?: unknown): EventsError {
  return new EventsError(
    'INVALID_CURSOR',
    `Not a cursor of several topics: ${JSON.stringify(cursor.slice(0, 80))}. Pass one that a stream of several topics returned.`,
    { cause },
  );
}

/** Most events that `{ last: n }` may ask for. */
const MAX_LAST = 10_000;

const last = z.strictObject({ last: z.int().min(1).max(MAX_LAST) });
const at = z.strictObject({ at: timestampSchema });

const NO_START = 'must be a cursor, { last: n } or { at: ISO 8601 time as text }';

/** The start of a page of history: after a cursor, with the last n matching events, or at a time. */
export const sinceSchema = z.union([cursorSchema, last, at], { error: NO_START });

/** The start of a subscription, in each of its topics. */
export const subscribeSinceSchema = z.union([anyCursorSchema, last, at], { error: NO_START });

/** A cursor · `{ last: n }`: the last n matching events · `{ at }`: everything appended since an ISO 8601 time. */
export type Since = z.output<typeof sinceSchema>;
