/** A string, or a number; whole numbers in the first group. */
const TOKENS = /"(?:[^"\\]|\\.)*"|(-?\d+)(?:(?:\.\d+)?[eE][+-]?\d+|\.\d+)?/g;

/** Fewer digits are exact in any number. */
const MANY_DIGITS = /\d{16}/;

/** Whole numbers of a JSON text that `JSON.parse` would round, since they are beyond 2^53. */
export function roundedIn(json: string): string[] {
  const rounded: string[] = [];
  eachRounded(json, (digits) => {
    rounded.push(digits);
    return digits;
  });
  return rounded;
}

/**
 * `JSON.parse`, but a whole number that it would round becomes the bigint it is. So a schema that asks for a number
 * refuses it by name, where it would be another number without a word.
 * @throws SyntaxError as `JSON.parse`
 */
export function parseExactly(json: string): unknown {
  if (!MANY_DIGITS.test(json)) return JSON.parse(json);
  const mark = `${crypto.randomUUID()} `;
  let found = false;
  const marked = eachRounded(json, (digits) => {
    found = true;
    return `"${mark}${digits}"`;
  });
  if (!found) return JSON.parse(json);
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

function eachRounded(json: string, replace: (digits: string) => string): string {
  if (!MANY_DIGITS.test(json)) return json;
  return json.replace(TOKENS, (token, digits: string | undefined) =>
    digits === token && isRounded(digits) ? replace(digits) : token,
  );
}

/** What JavaScript writes for a number is that number, though other digits may be nearer to it. */
function isRounded(digits: string): boolean {
  const number = Number(digits);
  if (digits.length < 16 || String(number) === digits) return false;
  return !Number.isFinite(number) || BigInt(digits) !== BigInt(number);
}
