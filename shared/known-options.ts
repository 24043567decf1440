/** The names of an object's fields, each once: one that is missing or too many does not compile. */
type NamesOf<T> = Readonly<Record<keyof Required<T>, 1>>;

/**
 * Refuses options that are none: a slip in a name would otherwise be left out silently.
 * @param of the function, for the error
 * @throws TypeError that names the option, and the one that is meant
 */
export function checkOptions<T extends object>(of: string, options: T, known: NamesOf<T>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const [meant] = Object.keys(known).sort((a, b) => likeness(name, b) - likeness(name, a));
    throw new TypeError(`${of}: ${name} is no option. Did you mean ${meant}?`);
  }
}

/** Letters that two names share, less those that one has more: enough to find a slip among a dozen names. */
function likeness(name: string, known: string): number {
  return [...name].filter((letter) => known.includes(letter)).length - Math.abs(name.length - known.length);
}
