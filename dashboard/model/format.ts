// The page speaks English, and so do its numbers.
const time = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dateTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const scientific = new Intl.NumberFormat('en', { notation: 'scientific', maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** 12:34:56, the viewer's time. */
export function clockTime(at: number): string {
  return Number.isFinite(at) ? time.format(at) : '–';
}

export function fullTime(at: number): string {
  return Number.isFinite(at) ? dateTime.format(at) : 'unknown time';
}

/** Numbers of this size have an exponent: a publisher may send any, and 300 digits would push all else off the page. */
const HUGE = 1e15;

/** Digits up to 99,999, then 100K. */
export function count(value: number): string {
  return Math.abs(value) < 100_000 ? whole.format(value) : shortCount(value);
}

/** 999, 1.2K: for where there is little room. */
export function shortCount(value: number): string {
  return Math.abs(value) < HUGE ? compact.format(value) : scientific.format(value);
}

/** +0.42, −0.42, 0.00: always as wide. */
export function signed(value: number): string {
  const digits = Math.abs(value).toFixed(2);
  if (Number(digits) === 0) return digits;
  return `${value < 0 ? '−' : '+'}${digits}`;
}

export function perSecond(value: number): string {
  return value >= 100 ? count(value) : value.toFixed(1);
}

export function percent(value: number): string {
  return `${Math.abs(value) < 10 ? value.toFixed(1) : count(value)} %`;
}

export function millis(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 10_000) return `${count(ms / 1000)} s`;
  if (size >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(size < 10 ? 1 : 0)} ms`;
}

export function bytes(value: number): string {
  return `${count(value / 2 ** 20)} MB`;
}

/** 1 event, 2 events. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A text of at most so many characters, and a sign that more follows. No emoji is cut in half: it would show as a box. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const isWithinPair = (text.codePointAt(longest - 1) ?? 0) > 0xffff;
  return `${text.slice(0, isWithinPair ? longest - 1 : longest)}…`;
}

/** Characters and lines of a text that the conversation shows at first. */
const LONGEST = 1200;
const MOST_LINES = 24;
/** Characters that begin a new line. */
const BREAK = /\r\n|[\n\r\u2028\u2029]/g;

/** The beginning of a text that is long or has many lines, though these be empty; the whole of any other. */
export function excerpt(text: string): string {
  let lines = 0;
  for (const { index } of text.slice(0, LONGEST).matchAll(BREAK)) {
    if (++lines === MOST_LINES) return `${text.slice(0, index)}…`;
  }
  return shortened(text, LONGEST);
}

/** A value as a text: a date by its ISO text, a list or an object as JSON. Data may have a field `toString` that is no function. */
export function textOf(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  return typeof value === 'object' ? plainText(value) : String(value);
}

/** Any data as JSON: what JSON does not have is written as it reads. */
export function plainText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => plainPart(part)) ?? 'undefined';
}

/** Maps and Sets as lists, a bigint as text; everything else as it is. */
export function plainPart(part: unknown): unknown {
  if (typeof part === 'bigint') return `${part}`;
  if (part instanceof Map || part instanceof Set) return [...part];
  return part;
}
