import { endOfString } from './end-of-string.ts';

/** Fewer digits are exact in any number. */
const MANY_DIGITS = /\d{16}/;

/** A number of more digits is more than any there is; to make a bigint of it would cost too much. */
const MAX_DIGITS = 400;

/** A whole number in a JSON text: from where to where. */
interface Whole {
  readonly from: number;
  readonly to: number;
}

/** The first whole number of a JSON text that `JSON.parse` would round, since it is beyond 2^53. */
export function firstRounded(json: string): string | undefined {
  const [first] = wholesIn(json, 1);
  return first && json.slice(first.from, first.to);
}

/**
 * `JSON.parse`, but a whole number that it would round becomes the bigint it is. So a schema that asks for a number
 * refuses it by name, where it would be another number without a word.
 * @throws SyntaxError as `JSON.parse`, and for a number of more than 400 digits
 */
export function parseExactly(json: string): unknown {
  const wholes = wholesIn(json);
  if (wholes.length === 0) return JSON.parse(json);
  const mark = `${crypto.randomUUID()} `;
  let marked = '';
  let end = 0;
  for (const { from, to } of wholes) {
    if (to - from > MAX_DIGITS) throw new SyntaxError(`A number of more than ${MAX_DIGITS} digits`);
    marked += `${json.slice(end, from)}"${mark}${json.slice(from, to)}"`;
    end = to;
  }
  return withBigints(JSON.parse(marked + json.slice(end)), mark);
}

/** Numbers that would be rounded, at most so many. Read by hand: a pattern over all of a text would overflow its stack. */
function wholesIn(json: string, most = Number.POSITIVE_INFINITY): Whole[] {
  const wholes: Whole[] = [];
  if (!MANY_DIGITS.test(json)) return wholes;
  for (let at = 0; at < json.length && wholes.length < most; ) {
    if (json[at] === '"') at = endOfString(json, at) + 1;
    else if (isDigit(json, at) || json[at] === '-') {
      let to = at + 1;
      while (isDigit(json, to)) to++;
      const isWhole = !/[.eE]/.test(json[to] ?? '');
      if (isWhole && isRounded(json.slice(at, to))) wholes.push({ from: at, to });
      at = to;
      while (!isWhole && (isDigit(json, at) || /[.eE+-]/.test(json[at] ?? ''))) at++;
    } else at++;
  }
  return wholes;
}

function isDigit(json: string, at: number): boolean {
  const code = json.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** Tells if a number changes when it is read. Digits that JavaScript itself writes for a number are that number, though others may be nearer to it. */
function isRounded(digits: string): boolean {
  if (digits.length < 16) return false;
  if (digits.length > MAX_DIGITS) return true;
  const number = Number(digits);
  if (Number.isSafeInteger(number)) return false;
  if (String(number) === digits) return false;
  return !Number.isFinite(number) || BigInt(digits) !== BigInt(number);
}

/** Without recursion: how deep it is is for others to say. */
function withBigints(parsed: unknown, mark: string): unknown {
  const root = { parsed };
  const holders: object[] = [root];
  for (let holder = holders.pop(); holder; holder = holders.pop()) {
    for (const [key, value] of Object.entries(holder)) {
      if (typeof value === 'object' && value !== null) holders.push(value);
      else if (typeof value === 'string' && value.startsWith(mark)) {
        const bigint = BigInt(value.slice(mark.length));
        if (Array.isArray(holder)) holder[Number(key)] = bigint;
        else
          Object.defineProperty(holder, key, {
            value: bigint,
            configurable: true,
            enumerable: true,
            writable: true,
          });
      }
    }
  }
  return root.parsed;
}
