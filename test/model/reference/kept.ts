import { isStatus } from '../events/wanted.ts';

/** Limits of a log: the last records, statuses apart where they have a limit of their own. */
export interface Kept {
  readonly maxRecords: number;
  readonly statuses?: number;
}

/** Name of the limit that a record of event `n`, or of an erasing, is under, and the number of records that it keeps. */
export function limitOf({ maxRecords, statuses }: Kept, n: number): { name: string; records: number } {
  if (statuses === undefined) return { name: 'all', records: maxRecords };
  if (n < 0) return { name: 'notices', records: Number.POSITIVE_INFINITY };
  return isStatus(n) ? { name: 'statuses', records: statuses } : { name: 'others', records: maxRecords };
}

/** Records of an epoch that limits have left. */
export interface Trim {
  /** Numbers of records that the log holds now. */
  readonly held: ReadonlySet<number>;
  /** The last number that each limit has taken out. */
  readonly cuts: ReadonlyMap<string, number>;
}

/** The effect of limits on a log. @param records the number of the event at index `seq - 1` */
export function trimOf(kept: Kept, records: readonly (number | undefined)[]): Trim {
  const held = new Set<number>();
  const cuts = new Map<string, number>();
  const counts = new Map<string, number>();
  for (let seq = records.length; seq > 0; seq--) {
    const n = records[seq - 1];
    if (n === undefined) continue;
    const { name, records: most } = limitOf(kept, n);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count <= most) held.add(seq);
    else if (!cuts.has(name)) cuts.set(name, seq);
  }
  return { held, cuts };
}
