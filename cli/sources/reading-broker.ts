import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { schemasOf } from '../../server/event-manager/records/schema-comparison.ts';
import type { KeptSchema } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/index.ts';

/**
 * The logs in Redis, for commands. A process that uses a log has the schemas of its catalog kept beside it; a command that
 * only reads must not, since it may be run with any catalog: what it is told of would be in no log. So schemas are
 * added by {@link addSchemas} alone.
 */
export class ReadingBroker extends RedisBroker {
  /** Types of events whose schemas were added. */
  readonly #added = new Set<string>();

  /** The schemas that are kept; adds none. */
  override keepSchemas(): Promise<KeptSchema[]> {
    return super.keepSchemas([]);
  }

  /** Has a catalog's schemas kept of events that are about to be written. @throws EventsError UNAVAILABLE */
  async addSchemas(catalog: AnyCatalog, types: readonly string[]): Promise<void> {
    if (types.every((type) => this.#added.has(type))) return;
    await super.keepSchemas(schemasOf(catalog).filter(({ type }) => types.includes(type)));
    for (const type of types) this.#added.add(type);
  }
}
