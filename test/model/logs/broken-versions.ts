import type { Broker } from '../../../server/broker/broker.ts';
import type { LogEntry } from '../../../shared/index.ts';
import { modelCatalog } from '../events/catalog.ts';
import { breakBroker } from './broken-broker.ts';

/** Entries as a faulty broker stores them, by its fault. None is from this process, so that nodes look at each. */
const STORES: Readonly<Record<string, (entry: LogEntry) => LogEntry>> = {
  'forgets versions': ({ validatedBy: _, version: __, ...entry }) => entry,
  'forgets schemas': ({ validatedBy: _, schema: __, ...entry }) => entry,
  'takes all for the newest': (entry) =>
    entry.type === 'agent_message' ? { ...entry, version: modelCatalog.versionOf(entry.type) } : entry,
  'loses annotations': ({ validatedBy: _, meta: __, ...entry }) => entry,
  'vouches for all': (entry) => ({ ...entry, validatedBy: modelCatalog }),
};

/** Faults of a broker that does not keep what a record is. */
export const VERSION_FAULTS = Object.keys(STORES);

/** A broker that stores all entries in a wrong way. */
export function breakVersions(broker: Broker, fault: string): Broker {
  const store = STORES[fault];
  if (!store) throw new Error(`no such fault: ${fault}`);
  return {
    ...breakBroker(broker, 'none'),
    publish: (topic, entries) => broker.publish(topic, entries.map(store)),
  };
}
