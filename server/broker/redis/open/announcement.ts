import type { Position } from '../../../../shared/cursor.ts';
import type { LogEntry } from '../../../../shared/log.ts';
import type { OpenChange } from '../../open/open-events.ts';
import { decodeId } from '../log/record-codec.ts';
import { isSettledState, readEntry, readEvent } from './open-codec.ts';
import { ANNOUNCED } from './set-script.ts';

/** A change of an open set, or an event that is not stored, as the scripts announce it. */
export type Announcement =
  | {
      readonly at: Position;
      /** Stamps of the change before, and of this one. */
      readonly before: number;
      readonly stamp: number;
      readonly change: OpenChange;
    }
  | { readonly at: Position; readonly ephemeral: LogEntry };

/**
 * Tells announcements about open sets from those of records, which share a channel so that Redis keeps them in order. Older
 * processes take them for malformed announcements of records, and read the log.
 */
export function isAboutOpen(payload: string): boolean {
  return payload.startsWith(`${ANNOUNCED} `);
}

/** Form of the first line: epoch, seq, revision, stamp before, stamp, letter of what happened, id, and a detail. */
const HEAD = /^\w+ (\w{1,32}) (\d{1,15}) (\d{1,15}) (\d{1,16}) (\d{1,16}) ([abers]) (\S+) (\S+)$/;

/** Reads an announcement; null if it is malformed. */
export function decodeAnnouncement(payload: string): Announcement | null {
  const end = payload.indexOf('\n');
  const [, epoch, seq, rev, before, stamp, what, id, detail = ''] = HEAD.exec(payload.slice(0, end)) ?? [];
  if (epoch === undefined || id === undefined) return null;
  const at = { epoch, seq: Number(seq) };
  const body = payload.slice(end + 1);
  if (what === 'e') {
    const ephemeral = readEntry(body);
    return ephemeral && { at, ephemeral };
  }
  const decodedId = decodeId(id);
  if (decodedId === null) return null;
  const told = changeOf(what, decodedId, detail, body, Number(rev));
  if (told === null) return null;
  const change: OpenChange = { at, rev: Number(rev), ...told };
  return { at, before: Number(before), stamp: Number(stamp), change };
}

type Told = OpenChange extends infer C ? (C extends OpenChange ? Omit<C, 'at' | 'rev'> : never) : never;

function changeOf(
  what: string | undefined,
  id: string,
  detail: string,
  body: string,
  rev: number,
): Told | null {
  switch (what) {
    case 'a':
      return { kind: 'appended', id, offset: Number(detail), text: body };
    case 'b': {
      const lines = body.split('\n');
      const [state = '', ...begun] = lines.slice(0, BEGUN_LINES);
      const event = readEvent(id, state, begun.join('\n'), lines.slice(BEGUN_LINES).join('\n'));
      return event && { kind: 'begun', event: { ...event, rev } };
    }
    case 'r': {
      const entry = readEntry(body.slice(body.indexOf('\n') + 1));
      return entry && { kind: 'replaced', id, entry };
    }
    default:
      return isSettledState(detail) ? { kind: 'settled', id, state: detail } : null;
  }
}

/** Lines before the text of an event that was begun: its state, its cursor, its facts, and four of its entry. */
const BEGUN_LINES = 7;
