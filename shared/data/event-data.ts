import { encode } from '../wire/encode.ts';
import { LOG_LIMITS } from '../wire/limits.ts';
import { lossOf, whyUnsendable } from '../wire/lossless.ts';
import { isJson, isJsonScalar } from '../wire/shapes.ts';
import { hasControlCharacters, withoutControlCharacters } from './control-characters.ts';
import { invalidAt, LEFT_OUT, mapTree, type TreeRules } from './tree.ts';

/**
 * Data as every log and every transport carries it: what subscribers get is equal to it.
 *
 * Plain data is JSON: −0 becomes 0 and a field that is undefined is left out, since JSON has neither. All other data is
 * carried in superjson's format, which has both. Objects without a prototype, or of another realm, become plain ones.
 *
 * @param plain whether the event's schema promises JSON
 * @throws EventsError INVALID_EVENT with the path of what would arrive as something else
 */
export function carried(data: unknown, plain: boolean): unknown {
  if (plain) return isJson(data) ? data : mapTree(data, AS_JSON);
  const own = mapTree(data, OF_THIS_REALM);
  encode({ data }, { lossless: true, maxDepth: LOG_LIMITS.maxDepth });
  return own;
}

const AS_JSON: TreeRules = {
  prototype: Object.prototype,
  leaf(value, path) {
    if (isJsonScalar(value)) return value;
    if (value === 0) return 0; // it was −0
    if (value === undefined && typeof path.at(-1) === 'string') return LEFT_OUT;
    throw invalidAt(path, whyUnsendable(value));
  },
  holder(value, path) {
    const isPlain = !(value instanceof Map || value instanceof Set);
    const loss = isPlain ? lossOf(value) : whyUnsendable(value);
    if (loss !== undefined) throw invalidAt(path, loss);
  },
};

const OF_THIS_REALM: TreeRules = { prototype: Object.prototype, leaf: (value) => value };

const WITHOUT_CONTROL: TreeRules = {
  leaf: (value) => (typeof value === 'string' ? withoutControlCharacters(value) : value),
  name: (name, path) => {
    if (hasControlCharacters(name)) throw invalidAt(path, 'a field’s name has control characters');
    return name;
  },
};

/**
 * Takes control characters out of all strings: they hide text, move cursors and end terminals' escapes. Tabs and line
 * ends stay. What has none is returned as it is, and nothing is changed in place.
 * @throws EventsError INVALID_EVENT where a field's name has some, or data is nested more than 64 levels deep
 */
export function stripControlCharacters(data: unknown): unknown {
  return mapTree(data, WITHOUT_CONTROL);
}
