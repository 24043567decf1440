import * as z from 'zod';
import type { AnyCatalog, EventToPublish } from '../../shared/index.ts';

/** The parts of a JSON Schema that say where a value stands that JSON does not have. */
interface Node {
  readonly $ref?: string | undefined;
  /** Superjson's name of the type, as `/schema.json` marks it. */
  readonly 'x-superjson'?: string | undefined;
  readonly type?: string | undefined;
  readonly const?: unknown;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly additionalProperties?: Node | undefined;
  readonly items?: Node | undefined;
  readonly prefixItems?: readonly Node[] | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
  readonly allOf?: readonly Node[] | undefined;
}

const node: z.ZodType<Node> = z.lazy(() => {
  const nodes = z.array(node).optional().catch(undefined);
  const one = node.optional().catch(undefined); // `additionalProperties: false` says nothing here
  return z.object({
    $ref: z.string().optional().catch(undefined),
    'x-superjson': z.string().optional().catch(undefined),
    type: z.string().optional().catch(undefined),
    const: z.unknown().optional(),
    required: z.array(z.string()).optional().catch(undefined),
    properties: z.record(z.string(), node).optional().catch(undefined),
    ...{
      additionalProperties: one,
      items: one,
      prefixItems: nodes,
      anyOf: nodes,
      oneOf: nodes,
      allOf: nodes,
    },
  });
});
const document = z.object({ $defs: z.record(z.string(), node) });

type Event = EventToPublish<AnyCatalog>;
type Object = Readonly<Record<string, unknown>>;

/**
 * Makes dates, big numbers, maps and sets of the JSON that a person or a foreign program writes for them, where the
 * events' schema asks for them: of an ISO time, of digits, of pairs or an object, of an array. What it cannot be made of
 * stays as it is, and the server says what is wrong with it.
 */
export class Coercion {
  /** False where nothing can be coerced, since there is no schema. */
  readonly isKnown: boolean;
  readonly #defs: Readonly<Record<string, Node>>;

  /** @param schema what a server has at `/schema.json`; of anything else nothing is coerced */
  constructor(schema: unknown) {
    const { data, success } = document.safeParse(schema);
    this.isKnown = success;
    this.#defs = data?.$defs ?? {};
  }

  event(event: Event): Event {
    const { event_type } = event;
    const envelope = Object.hasOwn(this.#defs, event_type) ? this.#defs[event_type] : undefined;
    const { data: schema } = envelope?.properties ?? {};
    return schema ? { ...event, data: this.#coerce(event.data, schema) } : event;
  }

  #coerce(value: unknown, at: Node): unknown {
    const schema = this.#resolve(at);
    const kind = schema['x-superjson'];
    if (kind !== undefined) return make(kind, value);
    const { anyOf, oneOf, allOf } = schema;
    const alternatives = (anyOf ?? oneOf ?? [])
      .map((each) => this.#resolve(each))
      .filter((each) => fits(value, each));
    // A valid value stays as it is.
    const chosen = alternatives.find((each) => each['x-superjson'] === undefined) ?? alternatives[0];
    if (chosen) return this.#coerce(value, chosen);
    const whole = (allOf ?? []).reduce((sofar: unknown, each) => this.#coerce(sofar, each), value);
    if (Array.isArray(whole)) {
      const { prefixItems = [], items } = schema;
      return whole.map((item: unknown, index) => this.#maybe(item, prefixItems[index] ?? items));
    }
    if (!isObject(whole)) return whole;
    const { properties = {}, additionalProperties } = schema;
    return Object.fromEntries(
      Object.entries(whole).map(([name, field]) => {
        const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
        return [name, this.#maybe(field, own ?? additionalProperties)];
      }),
    );
  }

  #maybe(value: unknown, schema: Node | undefined): unknown {
    return schema ? this.#coerce(value, schema) : value;
  }

  #resolve(schema: Node): Node {
    const [, name] = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? '') ?? [];
    return (name !== undefined && Object.hasOwn(this.#defs, name) && this.#defs[name]) || schema;
  }
}

/** A value of superjson's type of that name; the value itself where none can be made of it. */
function make(kind: string, value: unknown): unknown {
  switch (kind) {
    case 'Date': {
      const date = new Date(typeof value === 'string' ? value : Number.NaN);
      return Number.isNaN(date.getTime()) ? value : date;
    }
    case 'bigint':
      return /^-?[0-9]{1,1000}$/.test(`${value}`) ? BigInt(`${value}`) : value;
    case 'map':
      if (isObject(value)) return new Map(Object.entries(value));
      return isPairs(value) ? new Map(value) : value;
    case 'set':
      return Array.isArray(value) ? new Set(value) : value;
    default:
      return value;
  }
}

function fits(value: unknown, schema: Node): boolean {
  const kind = schema['x-superjson'];
  if (kind !== undefined) return make(kind, value) !== value;
  if (schema.const !== undefined) return schema.const === value;
  if (!isObject(value)) return schema.type === undefined || schema.type === typeOf(value);
  if (schema.type !== undefined && schema.type !== 'object') return false;
  return (
    (schema.required ?? []).every((name) => Object.hasOwn(value, name)) &&
    Object.entries(schema.properties ?? {}).every(
      ([name, field]) => field.const === undefined || field.const === value[name],
    )
  );
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isObject(value: unknown): value is Object {
  return typeOf(value) === 'object';
}

function isPairs(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}
