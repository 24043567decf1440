/**
 * Whether an item at `cursor` was seen by a reader that stands at `last`: its `seq` is not beyond the last one's of
 * the same epoch. Another epoch is another log, and nothing of it was seen.
 */
export function wasSeen(cursor: string, last: string | null): boolean {
  if (last === null) return false;
  const [epoch, seq] = cursor.split(':');
  const [lastEpoch, lastSeq] = last.split(':');
  return epoch === lastEpoch && Number(seq) <= Number(lastSeq);
}
