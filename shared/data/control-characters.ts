/** All of Unicode's control characters (Cc) but tab, line feed and carriage return. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;
const ALL_CONTROL = new RegExp(CONTROL, 'gu');

/** Tells if a text has control characters other than tabs and line ends. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

/** A text without its control characters; tabs and line ends stay. */
export function withoutControlCharacters(text: string): string {
  return CONTROL.test(text) ? text.replace(ALL_CONTROL, '') : text;
}
