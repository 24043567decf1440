import type * as z from 'zod';
import { EventsError, formatIssues, messageOf, toIssues } from '../errors.ts';
import { historyOf, VersionedSchema } from '../versions.ts';
import { carried } from './event-data.ts';
import { OwnNames } from './own-names.ts';
import { isPlainJsonSchema } from './schema-facts.ts';

/** Cleans data before it is validated; false: nothing is cleaned. */
export type Sanitize = ((data: unknown, name: string) => unknown) | false;

/** One version of one event's data: validates data of it, and tells how it is carried. */
class DataSchema {
  readonly schema: z.ZodType;
  readonly #name: string;
  readonly #sanitize: Sanitize;
  readonly #ownNames: OwnNames;
  #isPlainJson: boolean | undefined;

  constructor(name: string, schema: z.ZodType, sanitize: Sanitize) {
    this.schema = schema;
    this.#name = name;
    this.#sanitize = sanitize;
    this.#ownNames = new OwnNames(schema);
  }

  get isPlainJson(): boolean {
    this.#isPlainJson ??= isPlainJsonSchema(this.schema);
    return this.#isPlainJson;
  }

  /** @throws EventsError INVALID_EVENT; also where the application's code in a schema or a cleaner throws, as `new URL` does in a transform */
  parse(data: unknown): unknown {
    return judged(this.#name, () => this.#parsed(data));
  }

  #parsed(data: unknown): unknown {
    const name = this.#name;
    const renamed = this.#ownNames.rename(this.#sanitize ? this.#sanitize(data, name) : data);
    const result = this.schema.safeParse(renamed.data);
    if (result.success) return carried(renamed.back(result.data), this.isPlainJson);
    const issues = toIssues(result.error, ['data']).map(({ path, message }) => ({
      path: path.map(renamed.told),
      message: renamed.told(message),
    }));
    throw new EventsError('INVALID_EVENT', `Invalid ${name}: ${formatIssues(issues)}`, { issues });
  }
}

/** One event's data, in all its versions. */
export class EventSchema {
  readonly #name: string;
  readonly #newest: DataSchema;
  readonly #history: VersionedSchema | undefined;
  readonly #sanitize: Sanitize;
  /** Older versions that publishers were held at. */
  readonly #older = new Map<number, DataSchema>();

  constructor(name: string, definition: z.ZodType | VersionedSchema, sanitize: Sanitize) {
    this.#name = name;
    const newest = definition instanceof VersionedSchema ? definition.newest : definition;
    this.#history = historyOf(newest);
    this.#newest = new DataSchema(name, newest, sanitize);
    this.#sanitize = sanitize;
  }

  /** The schema of the newest version. */
  get newest(): z.ZodType {
    return this.#newest.schema;
  }

  /** See AnyCatalog.versionOf. */
  get version(): number {
    return this.#history?.version ?? 1;
  }

  /** See AnyCatalog.isPlainJson. */
  get isPlainJson(): boolean {
    return this.#newest.isPlainJson;
  }

  /** See AnyCatalog.schemaOf. */
  schemaOf(version: number): z.ZodType | undefined {
    return version === this.version ? this.newest : this.#history?.schemaOf(version);
  }

  /** See AnyCatalog.parse. */
  parse(data: unknown): unknown {
    return this.#newest.parse(data);
  }

  /** See AnyCatalog.upcast. */
  upcast(data: unknown, version: number): unknown {
    this.#requireVersion(version);
    const history = this.#history;
    // Not ??: null may be what an older version becomes.
    return this.parse(history ? judged(this.#name, () => history.upcast(data, version)) : data);
  }

  /** See AnyCatalog.downcast. */
  downcast(data: unknown, version: number): unknown {
    const schema = this.#requireVersion(version);
    if (version === this.version) return this.parse(data);
    const older = this.#older.get(version) ?? new DataSchema(this.#name, schema, this.#sanitize);
    this.#older.set(version, older);
    const history = this.#history;
    if (!history?.canDowncast(version)) return older.parse(data);
    // Either version may take it; where both do, it is of the one that keeps more of its fields.
    const asOlder = tried(() => older.parse(data));
    const asNewest = asOlder && tried(() => this.parse(data));
    if (asOlder && !(asNewest && fieldsLost(data, asNewest[0]) < fieldsLost(data, asOlder[0])))
      return asOlder[0];
    const newest = this.parse(data);
    return older.parse(judged(this.#name, () => history.downcast(newest, version)));
  }

  #requireVersion(version: number): z.ZodType {
    const schema = this.schemaOf(version);
    if (schema) return schema;
    const message = `${this.#name} has no version ${version}; the newest is ${this.version}`;
    throw new EventsError('INVALID_EVENT', message, { issues: [{ path: ['event_type'], message }] });
  }
}

/** The result of an application's code. @throws EventsError INVALID_EVENT where it throws, with the reason */
function judged(name: string, judge: () => unknown): unknown {
  try {
    return judge();
  } catch (cause) {
    if (cause instanceof EventsError) throw cause;
    const issues = [{ path: ['data'], message: `cannot be validated: ${messageOf(cause)}` }];
    throw new EventsError('INVALID_EVENT', `Invalid ${name}: ${formatIssues(issues)}`, { issues, cause });
  }
}

/** The result of a function, as a list of one; null where it refuses. */
function tried(make: () => unknown): [unknown] | null {
  try {
    return [make()];
  } catch {
    return null;
  }
}

/** Number of fields of data, at any level, that a schema has left out. */
function fieldsLost(data: unknown, kept: unknown): number {
  if (Object(data) !== data || Object(kept) !== kept) return 0;
  return Object.entries(Object(data)).reduce((sum, [name, value]) => {
    return sum + (Object.hasOwn(Object(kept), name) ? fieldsLost(value, Reflect.get(Object(kept), name)) : 1);
  }, 0);
}
