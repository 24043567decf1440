/** Makes of a pattern in which `*` stands for anything a test of names, which takes time linear in the name per `*`. */
export function patternTest(pattern: string): (name: string) => boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return (name) => name === pattern;
  const parts = rest.filter((part) => part !== '');
  return (name) => {
    if (!name.startsWith(head)) return false;
    let at = head.length;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - tail.length >= at && name.endsWith(tail);
  };
}

/** Tells if a name matches a pattern. For many names, make a {@link patternTest}. */
export function matchesPattern(pattern: string, name: string): boolean {
  return patternTest(pattern)(name);
}

/** Tells if a name matches one of the patterns. */
export function matchesOne(patterns: readonly string[] | undefined, name: string): boolean {
  return patterns?.some((pattern) => matchesPattern(pattern, name)) ?? false;
}
