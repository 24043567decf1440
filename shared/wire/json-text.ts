import { EventsError } from '../errors.ts';
import { INPUT_LIMITS } from './limits.ts';

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
    if (to - from > MAX_DIGITS) throw new SyntaxError(`A number has more than ${MAX_DIGITS} digits`);
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
      if (key.startsWith(mark)) throw new SyntaxError('A name of a field is a number, and no string');
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

const BACKSLASH = 0x5c;

/** The place of the quote that ends a string of JSON, given that of the quote that begins it; of the last character if none does. */
export function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end < 0 ? json.length - 1 : end;
}

/** Tells if the backslashes before a place are an odd number. */
function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/**
 * Tells if a JSON text holds more values than it may, counted as {@link INPUT_LIMITS} counts them, those of annotations
 * too. Counted in the text, which stays as it is: parsed, the smallest values take thirty times the bytes of their text.
 * For a text that is no JSON it is the number that such a text could have.
 * @param most values that it may hold
 */
export function hasMoreValues(json: string, most: number): boolean {
  // Each value takes two characters at least.
  if (json.length <= 2 * most) return false;
  let values = 0;
  let isFirst = false; // within a list or an object, before anything in it
  for (let at = 0; at < json.length && values <= most; at++) {
    const code = json.charCodeAt(at);
    if (code <= 0x20) continue;
    const isEnd = code === 0x5d || code === 0x7d; // ] }
    if (isFirst && !isEnd) values++;
    isFirst = false;
    if (code === 0x22) at = endOfString(json, at);
    else if (code === 0x5b || code === 0x7b)
      isFirst = true; // [ {
    else if (code === 0x2c || code === 0x3a) values++; // , and : since a field counts twice
  }
  return values > most;
}

/** @throws EventsError TOO_LARGE for a text of more values than one input may hold */
export function checkValues(json: string): void {
  if (!hasMoreValues(json, INPUT_LIMITS.maxNodes)) return;
  const message = `A request may have ${INPUT_LIMITS.maxNodes} values (a field counts twice): send fewer events at a time`;
  throw new EventsError('TOO_LARGE', message, { issues: [{ path: [], message }] });
}

/**
 * An input's text as JSON, as {@link parseExactly} reads it.
 * @throws EventsError TOO_LARGE before anything is parsed; SyntaxError
 */
export function parseInput(json: string): unknown {
  checkValues(json);
  return parseExactly(json);
}
