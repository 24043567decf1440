import { EventsError } from '../errors.ts';
import { endOfString } from './end-of-string.ts';
import { parseExactly } from './exact-json.ts';
import { INPUT_LIMITS } from './limits.ts';

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
  const message = `One request may have ${INPUT_LIMITS.maxNodes} values, of which a field counts twice: send fewer events at a time`;
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
