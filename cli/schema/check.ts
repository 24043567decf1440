import type { AnyCatalog } from '../../shared/index.ts';
import { printable } from '../printable.ts';
import type { Surroundings } from '../surroundings.ts';
import { changesOf } from './fields.ts';
import { eventsOfCatalog, eventsOfSchemas, type KnownEvents, newestOf } from './known-events.ts';
import { loadCatalog } from './load-catalog.ts';
import { checkLogAt, eventsAt, kindOf } from './where.ts';

/**
 * Compares a catalog with the events of a server or a saved document, or with all records of a log: prints each event that could not be read
 * any more, and why, and makes that the exit code 1.
 */
export async function checkSchema(
  where: string,
  module: string | undefined,
  around: Surroundings,
): Promise<void> {
  const catalog = await loadCatalog(module);
  const kind = kindOf(where);
  const { problems, notes, readable } =
    kind === 'server' || kind === 'document'
      ? compareEvents(await eventsAt(where), eventsOfCatalog(catalog), kind)
      : await compareRecords(where, catalog, around);
  for (const line of [...problems, ...notes]) await around.print(printable(line));
  if (problems.length === 0) await around.print(readable);
  else around.exitCode = 1;
}

interface Comparison {
  /** One line for each version of an event that cannot be read. */
  readonly problems: string[];
  /** Lines that are worth knowing beside. */
  readonly notes: string[];
  /** The line for a catalog that can read everything. */
  readonly readable: string;
}

async function compareRecords(where: string, catalog: AnyCatalog, around: Surroundings): Promise<Comparison> {
  const { versions, schemas } = await checkLogAt(where, catalog, around);
  const [kept, own] = [eventsOfSchemas(schemas), eventsOfCatalog(catalog)];
  const problems: string[] = [];
  const notes: string[] = [];
  for (const { type, version, records, unreadable, reason, at, cursor } of versions) {
    if (unreadable > 0)
      problems.push(
        `${type}, version ${version}: ${unreadable} of ${count(records, 'record')} cannot be read, the first at ${at}${cursor === null ? '' : ` (cursor ${cursor})`}: ${reason}`,
      );
    else if (differs(kept.get(type)?.get(version)?.fingerprint, own.get(type)?.get(version)?.fingerprint))
      notes.push(
        `${type}, version ${version}: its schema is not the one that is kept with the log; ${count(records, 'record')} can be read all the same`,
      );
  }
  const sum = versions.reduce((total, { records }) => total + records, 0);
  if (sum === 0)
    around.note(`${where} holds no records: is it the right one, and REDIS_PREFIX that of its servers?`);
  return { problems, notes, readable: `All can be read: ${count(sum, 'record')} of ${where}` };
}

/**
 * Compares events with those of a catalog, version by version. Steps from one version to the next are not run.
 * @param of tells whose `theirs` are
 */
export function compareEvents(theirs: KnownEvents, ours: KnownEvents, of = 'server'): Comparison {
  const problems: string[] = [];
  const notes: string[] = [];
  for (const [type, versions] of theirs) {
    const own = ours.get(type);
    const newest = newestOf(versions);
    if (!own) problems.push(`${type}: the catalog has no such event`);
    else if (newest > newestOf(own))
      problems.push(
        `${type}: its version there is ${newest}, and the catalog knows it up to version ${newestOf(own)}`,
      );
    for (const [version, known] of own ? versions : []) {
      const mine = own?.get(version);
      if (!mine || mine.fingerprint === known.fingerprint) continue;
      if (!known.data || !mine.data) {
        problems.push(`${type}, version ${version}: it is another schema there than in the catalog`);
        continue;
      }
      const changes = changesOf(known.data, mine.data);
      const broken = changes.filter(({ isBreaking }) => isBreaking);
      if (broken.length > 0) problems.push(`${type}, version ${version}: ${broken.map(reasonOf).join('; ')}`);
      else if (known.fingerprint !== null)
        notes.push(`${type}, version ${version}: its schema is another one there, whose data can be read`);
    }
  }
  return {
    problems,
    notes,
    readable: `All can be read, by their schemas: ${count(theirs.size, 'event')} of the ${of}`,
  };
}

function reasonOf({ path, kind, before, after }: ReturnType<typeof changesOf>[number]): string {
  if (kind === 'added') return `${path} is required, and there is none`;
  if (kind === 'removed') return `${path} is not allowed`;
  return `${path} is ${before} there, and ${after} in the catalog`;
}

function differs(one: string | null | undefined, other: string | null | undefined): boolean {
  return typeof one === 'string' && typeof other === 'string' && one !== other;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
