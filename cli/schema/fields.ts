import type { JsonSchema } from '../../server/index.ts';

/** A field of an event's data, or the data itself. */
interface Field {
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** A difference between two schemas of an event's data. */
export interface FieldChange {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** Its kind before and after, in short: `string` → `number`, `optional` for a field that may be absent. */
  readonly before?: string;
  readonly after?: string;
  /** True where data of the schema before may not be valid by that after. */
  readonly isBreaking: boolean;
}

/** Words about a schema that do not change what is valid. */
const ABOUT = new Set(['title', 'description', 'examples', 'default', 'deprecated', '$schema', 'id']);
/** Parts that are compared field by field, or say nothing of what is valid. */
const STRUCTURE = new Set([...ABOUT, 'properties', 'required', 'additionalProperties']);

/** The differences between two schemas of data, field by field. */
export function changesOf(before: JsonSchema, after: JsonSchema): FieldChange[] {
  const [old, young] = [fieldsOf(asObject(inOneOrder(before))), fieldsOf(asObject(inOneOrder(after)))];
  const changes: FieldChange[] = [];
  for (const [path, field] of old) {
    const other = young.get(path);
    if (!other) {
      const isRefused = young.get(parentOf(path))?.schema['additionalProperties'] === false;
      if (young.has(parentOf(path)))
        changes.push({ path, kind: 'removed', before: inShort(field), isBreaking: isRefused });
    } else if (inShort(field) !== inShort(other) || textOf(field.schema) !== textOf(other.schema)) {
      const isBreaking = !accepts(other.schema, field.schema) || (other.isRequired && !field.isRequired);
      changes.push({ path, kind: 'changed', before: inFull(field), after: inFull(other), isBreaking });
    }
  }
  for (const [path, field] of young) {
    if (old.has(path) || !old.has(parentOf(path))) continue;
    changes.push({ path, kind: 'added', after: inShort(field), isBreaking: field.isRequired });
  }
  return changes;
}

/** JSON with its fields, and the values of each enum, in one order: servers and logs tell a schema in orders of their own. */
function inOneOrder(json: unknown, key = ''): unknown {
  if (Array.isArray(json)) {
    const items = json.map((item) => inOneOrder(item));
    const texts = new Map(items.map((item) => [JSON.stringify(item), item]));
    return key === 'enum' ? [...texts.keys()].sort().map((text) => texts.get(text)) : items;
  }
  if (typeof json !== 'object' || json === null) return json;
  const fields = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, value]) => [name, inOneOrder(value, name)]));
}

/** A schema's fields by path, `data` and those below it. Items of lists are `[]`. */
function fieldsOf(
  schema: JsonSchema,
  path = 'data',
  isRequired = true,
  found = new Map<string, Field>(),
): Map<string, Field> {
  found.set(path, { schema, isRequired });
  const required = schema['required'];
  for (const [name, field] of Object.entries(asObject(schema['properties'])))
    fieldsOf(asObject(field), `${path}.${name}`, Array.isArray(required) && required.includes(name), found);
  const items = schema['items'];
  if (typeof items === 'object' && items !== null) fieldsOf(asObject(items), `${path}[]`, true, found);
  return found;
}

function parentOf(path: string): string {
  return path.endsWith('[]') ? path.slice(0, -2) : path.slice(0, path.lastIndexOf('.'));
}

function asObject(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {};
}

/** The conditions of a schema itself, without its fields, in one order. */
function ownOf(schema: JsonSchema): [string, unknown][] {
  const isList = typeof schema['items'] === 'object';
  return Object.entries(schema)
    .filter(([key]) => !STRUCTURE.has(key) && !(key === 'items' && isList))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function textOf(schema: JsonSchema): string {
  return JSON.stringify(ownOf(schema));
}

/** A field's kind in a word. */
function inShort({ schema, isRequired }: Field): string {
  return `${kindOf(schema)}${isRequired ? '' : ', optional'}`;
}

/** A field's kind with its conditions. */
function inFull(field: Field): string {
  const conditions = ownOf(field.schema).filter(([key]) => !['type', 'x-superjson', 'x-kind'].includes(key));
  const text = conditions.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ');
  return text === '' ? inShort(field) : `${inShort(field)} (${text})`;
}

function kindOf(schema: JsonSchema): string {
  const kind = schema['x-superjson'] ?? schema['x-kind'] ?? schema['type'];
  if (typeof kind === 'string') return kind;
  if (Array.isArray(kind)) return kind.join(' | ');
  if ('const' in schema) return JSON.stringify(schema['const']);
  const options = schema['anyOf'];
  if (Array.isArray(options)) return options.map((option) => kindOf(asObject(option))).join(' | ');
  return Object.keys(schema).length === 0 ? 'anything' : 'something else';
}

/** Limits that a schema may widen, and those that it may lower. */
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];

/** Tells if a schema surely accepts what another one does, their fields aside. */
function accepts(after: JsonSchema, before: JsonSchema): boolean {
  if (textOf(after) === textOf(before)) return true;
  // An event of an open kind is another event to whoever reads it. Elsewhere a kind stands in for a type.
  if ('type' in before && before['x-kind'] !== after['x-kind']) return false;
  const [old, young] = [before['anyOf'], after['anyOf']];
  if (Array.isArray(old)) return old.every((option) => accepts(after, asObject(option)));
  if (Array.isArray(young)) return young.some((option) => accepts(asObject(option), before));
  return ownOf(after).every(([key, limit]) => {
    const was = before[key];
    if (JSON.stringify(was) === JSON.stringify(limit)) return true;
    if (key === 'type') return typesOf(was).every((type) => isTaken(type, typesOf(limit)));
    if (key === 'enum' && Array.isArray(limit))
      return (Array.isArray(was) ? was : [before['const']]).every((value) => limit.includes(value));
    if (typeof was !== 'number' || typeof limit !== 'number') return false;
    return UPPER.includes(key) ? was <= limit : LOWER.includes(key) && was >= limit;
  });
}

/** The types that a schema's `type` names: one, or a list of them. */
function typesOf(type: unknown): unknown[] {
  return Array.isArray(type) ? type : [type];
}

function isTaken(type: unknown, types: readonly unknown[]): boolean {
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}
