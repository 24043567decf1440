import type { AnyCatalog } from '../../../shared/catalog.ts';
import { messageOf } from '../../../shared/errors.ts';
import { describeEvent } from '../../../shared/open/describe-event.ts';
import type { Broker, KeptSchema } from '../../broker/broker.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Ms after a failure before the schemas are compared again, at the next use. */
const RETRY_MS = 1000;

/** The schemas of a catalog's events in all versions, as logs keep them. */
export function schemasOf(catalog: AnyCatalog): KeptSchema[] {
  return catalog.names.flatMap((type) =>
    Array.from({ length: catalog.versionOf(type) }, (_, index) => index + 1).flatMap((version) => {
      const described = describeEvent(catalog, type, version);
      if (!described) return [];
      const { input, output, fingerprint } = described;
      return [{ type, version, fingerprint, json: JSON.stringify({ input, output }) }];
    }),
  );
}

/** The fingerprint that comes first of each version of an event, by `<type> <version>`. */
export function firstKept(schemas: readonly KeptSchema[]): ReadonlyMap<string, string> {
  const last = schemas.toReversed();
  return new Map(last.map(({ type, version, fingerprint }) => [`${type} ${version}`, fingerprint]));
}

/**
 * Compares a catalog with the schemas that are kept beside the logs, once, and has its own kept there too. An event whose
 * schema is another under the same version is warned of, by the first process that brings that schema: nodes with
 * different catalogs do not warn in turns. A broker that keeps no schemas has logs of this process alone: nothing is
 * compared there.
 */
export class SchemaComparison {
  readonly #catalog: AnyCatalog;
  readonly #broker: Pick<Broker, 'keepSchemas'>;
  readonly #logger: Logger;
  /** The fingerprint that was kept first, by `<type> <version>`. */
  #first: ReadonlyMap<string, string> = new Map();
  #attempt: Promise<void> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #isDone: boolean;
  #isFailureTold = false;

  constructor(catalog: AnyCatalog, broker: Pick<Broker, 'keepSchemas'>, logger: Logger) {
    this.#catalog = catalog;
    this.#broker = broker;
    this.#logger = logger;
    this.#isDone = broker.keepSchemas === undefined;
  }

  /**
   * Begins to compare, if that is not done or under way. A failure is tried again with a later call.
   * @returns the comparison, which rejects where the log cannot be reached; undefined once it is done
   */
  compare(): Promise<void> | undefined {
    if (this.#isDone) return undefined;
    if (this.#attempt && performance.now() - this.#failedAt < RETRY_MS) return this.#attempt;
    this.#failedAt = Number.POSITIVE_INFINITY;
    const attempt = this.#compare();
    this.#attempt = attempt;
    attempt.catch((error: unknown) => {
      this.#failedAt = performance.now();
      if (!this.#isFailureTold)
        this.#logger.debug({ reason: messageOf(error) }, 'Schemas were not compared; trying again');
      this.#isFailureTold = true;
    });
    return attempt;
  }

  /** Tells if a schema is the first that was kept of an event's version: what was written before any was kept is its own. */
  isFirst(type: string, version: number, fingerprint: string): boolean {
    return this.#first.get(`${type} ${version}`) === fingerprint;
  }

  async #compare(): Promise<void> {
    const own = schemasOf(this.#catalog);
    const kept = (await this.#broker.keepSchemas?.(own)) ?? [];
    this.#first = firstKept([...kept, ...own]);
    this.#isDone = true;
    for (const schema of own) if (isChanged(schema, kept)) this.#warn(schema);
  }

  #warn({ type, version }: KeptSchema): void {
    this.#logger.warn(
      { type, version },
      `The schema of ${type} has changed, and its version has not: it is ${version}, as it was. Records that are not valid any more are told as gaps. To have them read, make it a new version: versions(…)`,
    );
  }
}

/** Tells if a schema is not among those that are kept, while another of the same version is. */
export function isChanged({ type, version, fingerprint }: KeptSchema, kept: readonly KeptSchema[]): boolean {
  const same = kept.filter((other) => other.type === type && other.version === version);
  return same.length > 0 && same.every((other) => other.fingerprint !== fingerprint);
}
