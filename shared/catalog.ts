import type * as z from 'zod';
import { stripControlCharacters } from './data/event-data.ts';
import { EventSchema } from './data/event-schema.ts';
import { EventsError } from './errors.ts';
import { OpenDefinition, type OpenEventFacts, type OpenFacts } from './open/kinds.ts';
import { checkOptions } from './options/known-options.ts';
import { isZod4, VersionedSchema } from './versions.ts';

/** Event name → schema of its `data`. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>;

/**
 * An event as {@link defineEvents} takes it: the schema of its `data`, or all its versions; or an event that is not complete
 * when it is published, made by `growing`, `question`, `presence` or `ephemeral`.
 */
export type EventDefinition = z.ZodType | VersionedSchema | OpenDefinition;

/** The schemas of events as they are now: of each that has versions, the newest. */
export type SchemasOf<D extends Readonly<Record<string, EventDefinition>>> = {
  readonly [N in keyof D]: D[N] extends OpenDefinition<infer S>
    ? S
    : D[N] extends VersionedSchema<infer S>
      ? S
      : D[N] extends z.ZodType
        ? D[N]
        : never;
};

/** Facts about those events that are of an open kind. */
export type OpensOf<D extends Readonly<Record<string, EventDefinition>>> = {
  readonly [N in keyof D as D[N] extends OpenDefinition ? N : never]: D[N] extends OpenDefinition<
    z.ZodType,
    infer K,
    infer A
  >
    ? OpenFacts<K, A>
    : never;
};

/** Any catalog, whatever its events: what generic code asks for. */
export interface AnyCatalog {
  /** The schema of each event's data; of one that has versions, the newest. */
  readonly schemas: EventSchemas;
  readonly names: readonly string[];
  /** Facts about those events that are of an open kind: `growing`, `question`, `presence`, `ephemeral`. */
  readonly opens: OpenEventFacts;
  /** True where control characters are taken out of data, or it is cleaned in another way, before it is validated. */
  readonly cleans: boolean;
  has(name: string): boolean;
  /**
   * A validated answer to a question.
   * @throws EventsError UNKNOWN_EVENT for an event that is no question; INVALID_EVENT
   */
  parseAnswer(name: string, answer: unknown): unknown;
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
  /** The newest version of an event's data; 1 for one that has no versions. */
  versionOf(name: string): number;
  /** The schema of a version of an event's data; undefined where the catalog has no such event or version. */
  schemaOf(name: string, version: number): z.ZodType | undefined;
  /**
   * Validated data of the newest version, made of data that an older version's schema yielded.
   * @throws EventsError as {@link parse}, also where a step between two versions throws
   */
  upcast(name: string, version: number, data: unknown): unknown;
  /**
   * Validated data of an older version, for publishers that are held at it: made of data that this version takes, or of
   * data that the newest takes where each step between has a way back.
   * @throws EventsError as {@link parse}, also where a step between two versions throws
   */
  downcast(name: string, version: number, data: unknown): unknown;
}

/** A set of event types; the only validator of events, and what router, clients and hooks are typed by. */
export interface Catalog<S extends EventSchemas, O extends OpenEventFacts = NoOpens> extends AnyCatalog {
  readonly schemas: S;
  readonly opens: O;
  readonly names: readonly (keyof S & string)[];
  parse<N extends keyof S & string>(name: N, data: unknown): z.output<S[N]>;
}

/** The open kinds of a catalog in which every event is complete when it is published. */
export type NoOpens = Readonly<Record<never, never>>;

/** The catalog of definitions. It has a name of its own, so that a declaration file writes them out once and not twice. */
export interface CatalogOf<D extends Readonly<Record<string, EventDefinition>>>
  extends Catalog<SchemasOf<D>, OpensOf<D>> {}

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
 * Defines the events of a system. Adding an event is adding one schema; changing one is adding a version, see
 * {@link versions}.
 *
 * @example
 * const catalog = defineEvents({ agent_message: z.object({ text: z.string() }) });
 *
 * @param definitions event name → zod schema of its data, or all versions of it. Names are letters, digits and `_`, start with a letter,
 *   and are not `any`, `batch` or `stream_…`.
 * @throws TypeError when a name cannot be used, a schema is not one of zod 4, or an option is none
 */
export function defineEvents<const D extends Readonly<Record<string, EventDefinition>>>(
  definitions: D,
  options: DefineEventsOptions = {},
): CatalogOf<D> {
  if (typeof definitions !== 'object' || definitions === null)
    throw new TypeError(
      'defineEvents: pass events and their schemas, such as { note: z.object({ text: z.string() }) }',
    );
  checkOptions<DefineEventsOptions>('defineEvents', options, { sanitize: 1 });
  const { sanitize = stripControlCharacters } = options;
  const names = Object.keys(definitions) as (keyof D & string)[];
  if (names.length === 0) throw new TypeError('defineEvents: define at least one event');
  for (const name of names) checkDefinition(name, definitions[name]);
  const events = new Map(
    names.map((name) => [
      name as string,
      new EventSchema(name, dataOf(definitions[name] as EventDefinition), sanitize),
    ]),
  );
  const opens = new Map(names.flatMap((name) => openFacts(name, definitions[name] as EventDefinition)));
  const answers = new Map(
    [...opens].flatMap(([name, { answers }]) =>
      answers ? [[name, new EventSchema(name, answers, sanitize)] as const] : [],
    ),
  );
  const event = (name: string): EventSchema => {
    const found = events.get(name);
    if (!found) throw unknownEvent(name, names);
    return found;
  };

  const catalog: AnyCatalog = {
    schemas: Object.freeze(Object.fromEntries(names.map((name) => [name, event(name).newest]))),
    names: Object.freeze(names),
    opens: Object.freeze(Object.fromEntries(opens)),
    cleans: sanitize !== false,
    has: (name) => events.has(name),
    parse: (name, data) => event(name).parse(data),
    parseAnswer: (name, answer) => {
      const question = answers.get(name);
      if (!question) throw unknownQuestion(name, [...answers.keys()]);
      return question.parse(answer);
    },
    isPlainJson: (name) => events.get(name)?.isPlainJson ?? false,
    versionOf: (name) => event(name).version,
    schemaOf: (name, version) => events.get(name)?.schemaOf(version),
    upcast: (name, version, data) => event(name).upcast(data, version),
    downcast: (name, version, data) => event(name).downcast(data, version),
  };
  return Object.freeze(catalog) as CatalogOf<D>;
}

function dataOf(definition: EventDefinition): z.ZodType | VersionedSchema {
  return definition instanceof OpenDefinition ? definition.data : definition;
}

function openFacts(name: string, definition: EventDefinition): [name: string, OpenFacts][] {
  if (!(definition instanceof OpenDefinition)) return [];
  const { kind, field, answers } = definition;
  return [
    [name, Object.freeze({ kind, ...(field !== undefined && { field }), ...(answers && { answers }) })],
  ];
}

function unknownQuestion(name: string, questions: readonly string[]): EventsError {
  const known =
    questions.length > 0 ? `The catalog's questions: ${questions.join(', ')}.` : 'The catalog has none.';
  const message = `No question is named ${JSON.stringify(String(name).slice(0, 80))}. ${known}`;
  return new EventsError('UNKNOWN_EVENT', message, { issues: [{ path: ['event_type'], message }] });
}

/** @throws TypeError when an event cannot be defined so */
function checkDefinition(name: string, definition: unknown): void {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name) || RESERVED.has(name) || name.startsWith('stream_')) {
    throw new TypeError(
      `defineEvents: ${JSON.stringify(name)} cannot be an event name. Use letters, digits and "_", start with a letter; any, batch and stream_… are taken.`,
    );
  }
  if (definition instanceof OpenDefinition) return;
  if (!(definition instanceof VersionedSchema) && !isZod4(definition)) {
    throw new TypeError(
      `defineEvents: ${name} is not a schema of zod 4. Make it with zod 4: npm install zod@4, or import from 'zod/v4'.`,
    );
  }
}

/** The error for a name that is not in the catalog. */
export function unknownEvent(name: string, names: readonly string[]): EventsError {
  const message = `No event is named ${JSON.stringify(String(name).slice(0, 80))}. The catalog has: ${names.join(', ')}.`;
  return new EventsError('UNKNOWN_EVENT', message, { issues: [{ path: ['event_type'], message }] });
}
