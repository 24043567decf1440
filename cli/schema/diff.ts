import { printable } from '../printable.ts';
import type { Surroundings } from '../surroundings.ts';
import { changesOf } from './fields.ts';
import { eventsOfCatalog, type KnownEvents, newestOf } from './known-events.ts';
import { loadCatalog } from './load-catalog.ts';
import { eventsAt } from './where.ts';

/** Prints what has changed from the events of a server or a log to those of a catalog. */
export async function diffSchema(
  where: string,
  module: string | undefined,
  around: Surroundings,
): Promise<void> {
  const now = eventsOfCatalog(await loadCatalog(module));
  const lines = linesOf(await eventsAt(where), now);
  for (const line of lines) await around.print(printable(line));
  if (lines.length === 0) await around.print('Nothing has changed.');
}

/** A line for each event and field that was added (+), removed (-) or changed (~). */
export function linesOf(before: KnownEvents, now: KnownEvents): string[] {
  const lines: string[] = [];
  for (const type of [...new Set([...before.keys(), ...now.keys()])].sort()) {
    const [old, young] = [before.get(type), now.get(type)];
    if (!old) lines.push(`+ ${type}, version ${young ? newestOf(young) : 1}`);
    else if (!young) lines.push(`- ${type}, version ${newestOf(old)}`);
    else {
      const [from, to] = [newestOf(old), newestOf(young)];
      if (from !== to)
        lines.push(`~ ${type}: version ${from} → ${to}`, ...fieldLines(old.get(from), young.get(to)));
      for (const [version, known] of old) {
        const other = young.get(version);
        if (!other || known.fingerprint === other.fingerprint) continue;
        lines.push(`~ ${type}, version ${version}: its schema has changed`, ...fieldLines(known, other));
      }
    }
  }
  return lines;
}

type Versions = NonNullable<ReturnType<KnownEvents['get']>>;
type Known = ReturnType<Versions['get']>;

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function fieldLines(before: Known, now: Known): string[] {
  if (!before?.data || !now?.data) return [];
  return changesOf(before.data, now.data).map(({ kind, path, before: was, after: is }) => {
    const what = kind === 'changed' ? `${was} → ${is}` : (is ?? was);
    return `    ${SIGNS[kind]} ${path}: ${what}`;
  });
}
