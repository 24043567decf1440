/**
 * The newest events: `most` records at most, and beside them as many that are none, so that members who come and go push no
 * record out. The same array where none is over.
 */
export function newest<E extends { readonly stored?: false | undefined }>(
  events: readonly E[],
  most: number,
): readonly E[] {
  if (events.length <= most) return events;
  let records = 0;
  let others = 0;
  const kept = [...events]
    .reverse()
    .filter(({ stored }) => (stored === false ? ++others : ++records) <= most)
    .reverse();
  return kept.length < events.length ? kept : events;
}
