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
