import * as z from 'zod';

/** A list of one or more items: counted before any of them is looked at, so that a list too long costs its length alone. */
export function countedArray<T extends z.ZodType>(item: T, maxItems: number) {
  return z.array(z.unknown()).min(1).max(maxItems).pipe(z.array(item));
}
