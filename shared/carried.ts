import type { EventsError } from './errors.ts';
import { transformer } from './transformer.ts';
import { invalidAt, LEFT_OUT, mapTree, type TreePath, type TreeRules } from './tree.ts';

/**
 * Data as every log and every transport carries it: what subscribers get is equal to it.
 *
 * Plain data is JSON: −0 becomes 0 and a field that is undefined is left out, since JSON has neither. All other data is
 * carried by superjson, which has both. Objects without a prototype, or of another realm, become plain ones.
 *
 * @param plain whether the event's schema promises JSON
 * @throws EventsError INVALID_EVENT with the path of what would arrive as something else
 */
export function carried(data: unknown, plain: boolean): unknown {
  if (!plain) return mapTree(data, AS_SUPERJSON);
  return isExactJson(data, 0) ? data : mapTree(data, AS_JSON);
}

/** Made for each event, so it allocates nothing; nearly all are. */
function isExactJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth > 64) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isExactJson(item, depth + 1)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const record = value as Readonly<Record<string, unknown>>;
  for (const key in record) if (!isExactJson(record[key], depth + 1)) return false;
  return true;
}

const AS_JSON: TreeRules = {
  prototype: Object.prototype,
  leaf(value, path) {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value;
    if (value === undefined && typeof path.at(-1) === 'string') return LEFT_OUT;
    throw refused(value, path);
  },
  holder(value, path) {
    if (value instanceof Map || value instanceof Set) throw refused(value, path);
    refuseExtras(value, path);
  },
};

const AS_SUPERJSON: TreeRules = {
  prototype: Object.prototype,
  leaf(value, path) {
    if (!isCarried(value)) throw refused(value, path);
    return value;
  },
  holder: refuseExtras,
};

function isCarried(value: unknown): boolean {
  if (typeof value === 'function') return false;
  if (typeof value !== 'symbol' && (typeof value !== 'object' || value === null)) return true;
  if (value instanceof Date && Object.getPrototypeOf(value) === Date.prototype)
    return !Number.isNaN(value.getTime());
  return comesBack(value);
}

/** Whether superjson makes the like of it again: of URLs, typed arrays and classes registered with it, and of few others. */
function comesBack(value: object | symbol): boolean {
  try {
    const { json, meta } = transformer.serialize(value);
    if (meta === undefined || mapTree(json, AS_JSON) !== json) return false;
    const back: unknown = transformer.deserialize({ json, meta });
    return typeof back === 'symbol'
      ? back === value
      : Object.getPrototypeOf(back) === Object.getPrototypeOf(value);
  } catch {
    return false;
  }
}

/** What an object has besides its fields, and a list besides its items, would be lost. */
function refuseExtras(value: object, path: TreePath): void {
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw invalidAt(path, 'has a field whose name is a symbol');
  if (!Array.isArray(value)) return;
  const { length } = Object.keys(value);
  if (length < value.length) throw invalidAt(path, 'is a list with holes');
  if (length > value.length) throw invalidAt(path, 'is a list that has fields');
}

function refused(value: unknown, path: TreePath): EventsError {
  return invalidAt(path, `is ${described(value)}, which would not arrive as it is`);
}

function described(value: unknown): string {
  if (value instanceof Date) return 'an invalid date';
  if (typeof value !== 'object' || value === null)
    return typeof value === 'number' ? String(value) : `of type ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return `an object of ${typeof name === 'string' && name !== '' ? `class ${name.slice(0, 80)}` : 'no known class'}`;
}
