import { RecordChecks } from '../../server/event-manager/records/record-checks.ts';
import { firstKept, schemasOf } from '../../server/event-manager/records/schema-comparison.ts';
import type { Broker } from '../../server/index.ts';
import { silentLogger } from '../../server/telemetry/logger.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import type { Gap, Unread } from './event-source.ts';

/** A log, and the catalog that it is read by. */
interface ReadBy {
  broker: Required<Pick<Broker, 'read' | 'keepSchemas'>>;
  catalog: AnyCatalog;
  /** The module that exports the catalog; undefined for the simulation's. */
  module: string | undefined;
}

/** Tells why a catalog cannot read the first record of a gap, and what to do. Null where the record is gone by now. */
export async function whyUnreadable(
  { from }: Gap,
  topic: string,
  { broker, catalog, module }: ReadBy,
): Promise<Unread | null> {
  const [epoch = '', seq] = from.split(':');
  const { records } = await broker.read(topic, { epoch, seq: Number(seq) }, 1);
  const kept = await broker.keepSchemas([]);
  const own = schemasOf(catalog);
  const first = firstKept([...kept, ...own]);
  const checks = new RecordChecks(
    catalog,
    silentLogger,
    (type, version, fingerprint) => first.get(`${type} ${version}`) === fingerprint,
  );
  const [record] = records;
  const reason = record && checks.reasonAgainst(record);
  if (!record || !reason) return null;
  const { type, version = 1 } = record;
  const known = own.find((schema) => schema.type === type && schema.version === version);
  const isChanged = kept.some(
    (schema) =>
      schema.type === type && schema.version === version && schema.fingerprint !== known?.fingerprint,
  );
  const cause =
    known && isChanged ? `the schema of ${type} has changed, and its version has not: ${reason}` : reason;
  return {
    event: `${type}, version ${version}`,
    why: `${cause.replace(/\.$/, '')}. ${advice(module, known !== undefined)}`,
  };
}

/** Words on what to do. @param isKnown true if the catalog has the event in that version */
export function advice(module: string | undefined, isKnown: boolean): string {
  if (module === undefined)
    return 'The catalog is the simulation’s: name the module that exports yours with --catalog';
  const other = `They are read by the catalog of ${module}: pass the module with which they were written`;
  return isKnown ? `${other}, or make the change a new version with versions(…)` : other;
}
