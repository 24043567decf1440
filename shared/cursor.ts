import * as z from 'zod';
import { EventsError } from './errors.ts';

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
      `Not a cursor: ${JSON.stringify(cursor.slice(0, 80))}. Pass one that a stream, a publish or history returned.`,
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
