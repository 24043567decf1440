import superjson from 'superjson';
import type { TypeName } from './format.ts';
import { MAX_BIGINT_DIGITS } from './limits.ts';
import { isRecord, isTypedArrayName } from './shapes.ts';

/** Characters of a time; what `toISOString` writes has 27 at most. */
const MAX_DATE_LENGTH = 64;

const BIGINT = new RegExp(`^-?\\d{1,${MAX_BIGINT_DIGITS}}$`);
const ASCII = /^[ -~]*$/;
const NUMBERS: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity', '-0']);

/**
 * Makes the value that a JSON value stands for, by its type. The JSON is checked first, since superjson would hand it to
 * a constructor as it is: a number would become an array of that length, a long text of digits a second's work.
 * @throws WrongShape
 */
export function revive(json: unknown, type: TypeName): unknown {
  const [kind, name] = typeof type === 'string' ? [type] : type;
  switch (kind) {
    case 'undefined':
      if (json !== null) throw new WrongShape('must be null to be undefined');
      return undefined;
    case 'number':
      if (!NUMBERS.has(json)) throw new WrongShape('must be NaN, Infinity, -Infinity or -0');
      return Number(json);
    case 'bigint':
      if (typeof json !== 'string' || !BIGINT.test(json))
        throw new WrongShape(`must be 1–${MAX_BIGINT_DIGITS} digits to be a bigint`);
      return BigInt(json);
    case 'Date': {
      const date = new Date(typeof json === 'string' && json.length <= MAX_DATE_LENGTH ? json : Number.NaN);
      if (Number.isNaN(date.getTime())) throw new WrongShape('must be a time to be a Date');
      return date;
    }
    case 'set':
      if (!Array.isArray(json)) throw new WrongShape('must be a list to be a Set');
      return new Set(json);
    case 'map':
      if (!Array.isArray(json) || !json.every((entry) => Array.isArray(entry) && entry.length === 2))
        throw new WrongShape('must be a list of pairs to be a Map');
      return new Map(json);
    case 'typed-array':
      if (!isTypedArrayName(name ?? '') || !Array.isArray(json) || !json.every(isNumber))
        throw new WrongShape('must be a list of numbers to be a typed array');
      break;
    case 'URL':
      // So a URL writes itself. Of a host in other letters each costs as much as there are of them.
      if (typeof json !== 'string' || !ASCII.test(json))
        throw new WrongShape('must be text of ASCII characters to be a URL');
      break;
    case 'regexp':
    case 'symbol':
      if (typeof json !== 'string') throw new WrongShape(`must be text to be a ${kind}`);
      break;
    case 'Error':
      if (!isRecord(json) || typeof json['name'] !== 'string' || typeof json['message'] !== 'string')
        throw new WrongShape('must have a name and a message to be an Error');
      break;
    case 'class':
      // It is assigned to an instance, and this field would change what that is an instance of.
      if (!isRecord(json) || Object.hasOwn(json, '__proto__'))
        throw new WrongShape('must be an object of fields to be an instance of a class');
      break;
  }
  try {
    // superjson declares its result as what it reads from JSON, and takes what was revived inside it all the same.
    const written = { json, meta: { values: [type], v: 1 } } as unknown;
    return superjson.deserialize(written as Parameters<typeof superjson.deserialize>[0], { inPlace: true });
  } catch (cause) {
    throw new WrongShape(`cannot be made a ${name ?? kind}`, { cause });
  }
}

/** A JSON value that its annotation does not fit. */
export class WrongShape extends Error {}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}
