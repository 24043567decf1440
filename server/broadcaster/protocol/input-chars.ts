/** Characters of a value as JSON, about. It goes over the value without recursion: a stranger may nest it as deep as it fits. */
export function inputChars(value: unknown): number {
  let chars = 0;
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    chars += 2; // quotes, brackets, a comma
    if (typeof next === 'string') chars += next.length;
    else if (typeof next !== 'object' || next === null) chars += String(next).length;
    else if (Array.isArray(next)) for (const item of next) pending.push(item);
    else {
      for (const [key, item] of Object.entries(next)) {
        chars += key.length + 3;
        pending.push(item);
      }
    }
  }
  return chars;
}
