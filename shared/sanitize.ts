import { EventsError } from './errors.ts';

/** All of Unicode's control characters (Cc) but tab, line feed and carriage return. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;
const ALL_CONTROL = new RegExp(CONTROL, 'gu');

/** Objects and lists in one another: what is read is walked by recursion, here and wherever it goes. */
const MAX_DEPTH = 64;

/**
 * Takes control characters out of all strings: they hide text, move cursors and end terminals' escapes. Tabs and line
 * ends stay. What has none is returned as it is, and nothing is changed in place.
 * @throws EventsError INVALID_EVENT where a field's name has some, or data is nested more than 64 levels deep
 */
export function stripControlCharacters(data: unknown): unknown {
  return strip(data, ['data']);
}

function strip(value: unknown, path: (string | number)[]): unknown {
  if (typeof value === 'string') return CONTROL.test(value) ? value.replace(ALL_CONTROL, '') : value;
  if (typeof value !== 'object' || value === null) return value;
  if (path.length > MAX_DEPTH) throw invalid([], `data is nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return stripAll(value, path) ?? value;
  if (value instanceof Set) {
    const stripped = stripAll([...value], path);
    return stripped ? new Set(stripped) : value;
  }
  if (value instanceof Map) {
    const stripped = stripAll([...value.entries()].flat(1), path);
    if (!stripped) return value;
    return new Map(Array.from({ length: value.size }, (_, n) => [stripped[2 * n], stripped[2 * n + 1]]));
  }
  return isRecord(value) ? stripRecord(value, path) : value;
}

/** The items; undefined if nothing was taken out of any. */
function stripAll(items: readonly unknown[], path: (string | number)[]): unknown[] | undefined {
  let stripped: unknown[] | undefined;
  for (const [index, item] of items.entries()) {
    const after = strip(item, [...path, index]);
    if (after === item) continue;
    stripped ??= [...items];
    stripped[index] = after;
  }
  return stripped;
}

function stripRecord(record: Record<string, unknown>, path: (string | number)[]): Record<string, unknown> {
  let stripped: Record<string, unknown> | undefined;
  for (const key of Object.keys(record)) {
    if (CONTROL.test(key)) throw invalid(path, 'a field’s name has control characters');
    const after = strip(record[key], [...path, key]);
    if (after === record[key]) continue;
    stripped ??= Object.defineProperties({}, Object.getOwnPropertyDescriptors(record));
    // Not by assignment: a field may be named __proto__.
    Object.defineProperty(stripped, key, {
      value: after,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return stripped ?? record;
}

function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function invalid(path: (string | number)[], message: string): EventsError {
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  return new EventsError('INVALID_EVENT', `Invalid event: ${where}${message}`, {
    issues: [{ path, message }],
  });
}
