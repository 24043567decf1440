/** Tells if a place is not after another one, of the same topic; null where they are in two logs, which nothing compares. */
export function isUpTo(place: string, other: string): boolean | null {
  const [[epoch, seq], [otherEpoch, otherSeq]] = [place.split(':'), other.split(':')];
  return epoch === otherEpoch ? Number(seq) <= Number(otherSeq) : null;
}
