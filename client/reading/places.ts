import { isStreamNotice } from '../../shared/stream-items.ts';
import type { AnyItem } from './items.ts';

// Places of a reader in the logs that it follows: which items it has seen, and where it stands after one.

/**
 * Tells if an item at `cursor` was seen by a reader that stands at `last`: in no topic is it beyond the last one, of the
 * same epoch. Another epoch is another log, and nothing of it was seen.
 */
export function wasSeen(cursor: string, last: string | null): boolean {
  if (last === null) return false;
  const seen = new Map(placesOf(last));
  return placesOf(cursor).every(([log, seq]) => seq <= (seen.get(log) ?? -1));
}

/** The log that a gap says was lost or rewound, as {@link placesOf} names it. In it numbers are given anew, also of its epoch. */
export function rewoundLog(item: AnyItem): string | undefined {
  if (!isStreamNotice(item) || item.event_type !== 'stream_gap') return undefined;
  const { to, reason } = item.data;
  if (reason !== 'epoch_changed') return undefined;
  return placesOf(item.topic === undefined ? to : `${item.topic}:${to}`)[0]?.[0];
}

/**
 * A cursor, but in no log before `last`: a server that was moved to may be behind, and nothing is taken back.
 * @param rewound the log whose place goes back all the same
 */
export function furthestOf(cursor: string, last: string | null, rewound: string | undefined): string {
  const seen = new Map(placesOf(last ?? '').filter(([log]) => log !== rewound));
  const places = placesOf(cursor).map(([log, seq]) => `${log}:${Math.max(seq, seen.get(log) ?? 0)}`);
  return (cursor.startsWith('~') ? '~' : '') + places.join('~');
}

/** A cursor's place in each log it is of: `<epoch>:<seq>`, or `~<topic>:<epoch>:<seq>` for each of several topics, `~` for none. */
function placesOf(cursor: string): [log: string, seq: number][] {
  if (cursor === '~') return [];
  const parts = cursor.startsWith('~') ? cursor.slice(1).split('~') : [cursor];
  return parts.map((part) => {
    const colon = part.lastIndexOf(':');
    return [part.slice(0, colon), Number(part.slice(colon + 1))];
  });
}
