const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * Bytes of the largest call in a message of JSON: of the whole, or of the largest item if it is a list. Found by going
 * over the text once, before it is parsed. In a text that is no JSON it is one that is at least as large.
 */
export function largestCall(text: string): number {
  if (!text.trimStart().startsWith('[')) return Buffer.byteLength(text);
  let largest = 0;
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at);
    else if (char === 0x5b || char === 0x7b) depth++;
    else if (char === 0x5d || char === 0x7d) depth--;
    else if (char === COMMA && depth === 1) {
      largest = Math.max(largest, Buffer.byteLength(text.slice(start, at)));
      start = at + 1;
    }
  }
  return Math.max(largest, Buffer.byteLength(text.slice(start)));
}

/** The place of the quote that ends a string; of the last character if none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length - 1 : end;
}

/** Whether the backslashes before a place are an odd number. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
