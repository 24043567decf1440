import * as z from 'zod';
import { type Position, parseCursor } from './cursor.ts';
import { EventsError } from './errors.ts';
import { MAX_TOPICS, parseTopic } from './topic.ts';

/** Longest cursor of several topics: as many as there may be, each with the longest name. */
const MAX_LENGTH = MAX_TOPICS * 180;

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
  if (!isTopicsCursor(cursor) || cursor.length > MAX_LENGTH) throw notOne(cursor);
  const parts = cursor === '~' ? [] : cursor.slice(1).split('~');
  const positions = new Map<string, Position>();
  for (const part of parts) {
    const colon = part.indexOf(':');
    try {
      positions.set(parseTopic(part.slice(0, colon)), parseCursor(part.slice(colon + 1)));
    } catch (cause) {
      throw notOne(cursor, cause);
    }
  }
  if (positions.size !== parts.length || positions.size > MAX_TOPICS) throw notOne(cursor);
  return positions;
}

/** A cursor of one topic or of several. Whether it is one is checked in full where it is used. */
export const anyCursorSchema = z
  .string()
  .max(MAX_LENGTH)
  .regex(
    /^(?:~[A-Za-z0-9_.:~-]*|[A-Za-z0-9]{1,32}:[0-9]{1,16})$/,
    'Not a cursor: pass one that a stream, a publish or history returned',
  )
  .describe('A place in a topic’s log, or in several, as returned by a stream, a publish or history');

function notOne(cursor: string, cause?: unknown): EventsError {
  return new EventsError(
    'INVALID_CURSOR',
    `Not a cursor of several topics: ${JSON.stringify(cursor.slice(0, 80))}. Pass one that a stream of several topics returned.`,
    { cause },
  );
}
