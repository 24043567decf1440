/**
 * Tells if an item at `cursor` was seen by a reader that stands at `last`: in no topic is it beyond the last one, of the
 * same epoch. Another epoch is another log, and nothing of it was seen.
 */
export function wasSeen(cursor: string, last: string | null): boolean {
  if (last === null) return false;
  const seen = new Map(placesOf(last));
  return placesOf(cursor).every(([log, seq]) => seq <= (seen.get(log) ?? -1));
}

/** A cursor's place in each log it is of: `<epoch>:<seq>`, or `~<topic>:<epoch>:<seq>` for each of several topics. */
function placesOf(cursor: string): [log: string, seq: number][] {
  const parts = cursor.startsWith('~') ? cursor.slice(1).split('~') : [cursor];
  return parts.map((part) => {
    const colon = part.lastIndexOf(':');
    return [part.slice(0, colon), Number(part.slice(colon + 1))];
  });
}
