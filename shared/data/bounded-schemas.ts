import * as z from 'zod';
import { MAX_DATA_DEPTH } from '../wire/limits.ts';
import { isJson, isJsonScalar, isRecord } from '../wire/shapes.ts';

/**
 * `z.json()`, at a cost that suits strangers' data. zod's own tries each value as a text, a number, a boolean and so on
 * and writes down why it is none: some µs for each object of what is valid, and a hundred KB of issues where ten
 * thousand values are not. This one looks at JSON once, and ends at the first value that is none.
 */
export function jsonValue(): ReturnType<typeof z.json> {
  const schema = z.json();
  const { run } = schema._zod;
  schema._zod.run = (payload, context) => {
    if (isJson(payload.value)) return payload;
    const path: (string | number)[] = [];
    // JSON in another guise (−0, no prototype), and JSON that is too deep, is left to zod.
    if (!leadsToForeign(path, payload.value)) return run(payload, context);
    payload.issues.push({
      code: 'custom',
      message: 'Invalid input: expected JSON',
      input: payload.value,
      inst: schema,
      path,
    });
    return payload;
  };
  return schema;
}

/** Makes a path lead to the first value that no JSON is like. @returns whether there is one */
function leadsToForeign(path: (string | number)[], value: unknown): boolean {
  const isList = Array.isArray(value);
  if (!isList && !isRecord(value)) return !isJsonScalar(value) && value !== 0;
  if (path.length > MAX_DATA_DEPTH) return false;
  for (const [key, part] of isList ? value.entries() : Object.entries(value)) {
    path.push(key);
    if (leadsToForeign(path, part)) return true;
    path.pop();
  }
  return false;
}

/** A list of one or more items: counted before any of them is looked at, so that a list too long costs its length alone. */
export function countedArray<T extends z.ZodType>(item: T, maxItems: number) {
  return z.array(z.unknown()).min(1).max(maxItems).pipe(z.array(item));
}

/** A whole number, from an environment variable too. Its error follows "<name> must be". */
export function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** A switch, from an environment variable too. Its error follows "<name> must be". */
export function onOff() {
  return z.union([z.boolean(), z.stringbool()], { error: 'on or off' });
}
