import { isRecord } from '../wire/shapes.ts';

/**
 * Freezes lists and plain objects all the way down: who changes one gets a TypeError (in strict mode, as all modules
 * are). Returns whether that is all there is; a Date, Map, Set or object of a class cannot be frozen.
 */
export function freezeDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  let whole = true;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && !freezeDeep(item)) whole = false;
  } else if (isRecord(value)) {
    for (const key in value) if (typeof value[key] === 'object' && !freezeDeep(value[key])) whole = false;
  } else return false;
  Object.freeze(value);
  return whole;
}
