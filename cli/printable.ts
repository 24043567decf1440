/** Text for people. Agents and records say what they like: nothing of it may steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
