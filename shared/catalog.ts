import * as z from 'zod';
import { carried, stripControlCharacters } from './data/event-data.ts';
import { OwnNames } from './data/own-names.ts';
import { isPlainJsonSchema } from './data/schema-facts.ts';
import { EventsError, formatIssues, toIssues } from './errors.ts';

/** Event name → schema of its `data`. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>;

/** Any catalog, whatever its events: what generic code asks for. */
export interface AnyCatalog {
  readonly schemas: EventSchemas;
  readonly names: readonly string[];
  has(name: string): boolean;
  /**
   * The validated data of an event, as subscribers will get it.
   * @throws EventsError UNKNOWN_EVENT, or INVALID_EVENT with the path of each field that is wrong, or that would arrive
   *   as something else
   */
  parse(name: string, data: unknown): unknown;
  /**
   * True where the event's data is plain JSON by its schema: no Date, Map, bigint, `unknown` or transform in it.
   * Such data needs no superjson walk, and parsing it twice changes nothing.
   */
  isPlainJson(name: string): boolean;
}

/** A set of event types; the only validator of events, and what router, clients and hooks are typed by. */
export interface Catalog<S extends EventSchemas> extends AnyCatalog {
  readonly schemas: S;
  readonly names: readonly (keyof S & string)[];
  parse<N extends keyof S & string>(name: N, data: unknown): z.output<S[N]>;
}

/** Options of {@link defineEvents}. */
export interface DefineEventsOptions {
  /**
   * Cleans an event's data before it is validated, on every way in: what it returns is what the schema sees. Default
   * `stripControlCharacters`; one of your own may call that too. `false`: nothing is cleaned.
   * @throws EventsError INVALID_EVENT to refuse the event
   */
  sanitize?: ((data: unknown, name: string) => unknown) | false | undefined;
}

/** Names that are procedures of the router, or that a tRPC client's proxy cannot carry. */
const RESERVED = new Set(['any', 'batch', 'then', 'call', 'apply', 'constructor', 'prototype', '__proto__']);

/**
 * Defines the events of a system. Adding an event is adding one schema.
 *
 * @example
 * const catalog = defineEvents({ agent_message: z.object({ text: z.string() }) });
 *
 * @param schemas event name → zod schema of its data. Names are letters, digits and `_`, start with a letter,
 *   and are not `any`, `batch` or `stream_…`.
 * @throws TypeError when a name cannot be used, or a schema is not one of zod 4
 */
export function defineEvents<const S extends EventSchemas>(
  schemas: S,
  { sanitize = stripControlCharacters }: DefineEventsOptions = {},
): Catalog<S> {
  const names = Object.keys(schemas) as (keyof S & string)[];
  if (names.length === 0) throw new TypeError('defineEvents: define at least one event');
  for (const name of names) {
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name) || RESERVED.has(name) || name.startsWith('stream_')) {
      throw new TypeError(
        `defineEvents: ${JSON.stringify(name)} cannot be an event name. Use letters, digits and "_", start with a letter; any, batch and stream_… are taken.`,
      );
    }
    if (!isZod4(schemas[name])) {
      throw new TypeError(
        `defineEvents: ${name} is not a schema of zod 4. Make it with zod 4: npm install zod@4, or import from 'zod/v4'.`,
      );
    }
  }
  const known = new Set<string>(names);
  const plain = new Map<string, boolean>();
  const ownNames = new Map(names.map((name) => [name as string, new OwnNames(schemas[name] as z.ZodType)]));

  const isPlainJson = (name: string): boolean => {
    let answer = plain.get(name);
    if (answer === undefined) {
      const schema = known.has(name) ? schemas[name] : undefined;
      answer = schema !== undefined && isPlainJsonSchema(schema);
      plain.set(name, answer);
    }
    return answer;
  };

  return Object.freeze<Catalog<S>>({
    schemas: Object.freeze({ ...schemas }),
    names: Object.freeze(names),
    has: (name) => known.has(name),
    parse<N extends keyof S & string>(name: N, data: unknown): z.output<S[N]> {
      const schema = known.has(name) ? schemas[name] : undefined;
      const renamed = ownNames.get(name)?.rename(sanitize ? sanitize(data, name) : data);
      if (schema === undefined || renamed === undefined) throw unknownEvent(name, names);
      const result = z.safeParse<S[N]>(schema, renamed.data);
      if (result.success) return carried(renamed.back(result.data), isPlainJson(name)) as z.output<S[N]>;
      const issues = toIssues(result.error, ['data']).map(({ path, message }) => ({
        path: path.map(renamed.told),
        message: renamed.told(message),
      }));
      throw new EventsError('INVALID_EVENT', `Invalid ${name}: ${formatIssues(issues)}`, { issues });
    },
    isPlainJson,
  });
}

/** Types say so too; but an application may have another zod than this package, and its compiler another opinion. */
function isZod4(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

/** The error for a name that is not in the catalog. */
export function unknownEvent(name: string, names: readonly string[]): EventsError {
  const message = `No event is named ${JSON.stringify(String(name).slice(0, 80))}. The catalog has: ${names.join(', ')}.`;
  return new EventsError('UNKNOWN_EVENT', message, { issues: [{ path: ['event_type'], message }] });
}
