import { MAX_DATA_DEPTH } from './limits.ts';

const TYPED_ARRAYS = new Set([
  'Int8Array',
  'Uint8Array',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'Uint8ClampedArray',
]);

/** Tells if superjson knows a typed array of that name. */
export function isTypedArrayName(name: string): boolean {
  return TYPED_ARRAYS.has(name);
}

/** The name of a typed array, a Buffer being a Uint8Array; undefined for views of another kind. */
export function typedArrayName(view: ArrayBufferView): string | undefined {
  const name: unknown = Reflect.get(view, Symbol.toStringTag);
  return typeof name === 'string' && TYPED_ARRAYS.has(name) ? name : undefined;
}

/** Tells if a value is an object that is its fields and nothing else: of no class, of this realm or another. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // Another realm has an Object.prototype of its own.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}

/** A text, number, boolean or null that JSON has as it is: the most of what there is, and so asked first. */
export function isJsonScalar(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    default:
      return value === null;
  }
}

/** A value that JSON has as it is, all the way down, and no deeper than data may be. Asked for each event, so it allocates nothing. */
export function isJson(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return isJsonScalar(value);
  if (depth > MAX_DATA_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isJson(item, depth + 1)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const record = value as Readonly<Record<string, unknown>>;
  for (const key in record) if (!isJson(record[key], depth + 1)) return false;
  return true;
}
