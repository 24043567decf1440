import { MAX_DATA_DEPTH } from './limits.ts';

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
