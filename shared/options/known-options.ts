/** The names of an object's fields, each once: one that is missing or too many does not compile. */
export type NamesOf<T> = Readonly<Record<keyof Required<T>, 1>>;

/**
 * Refuses options that are none: a slip in a name would otherwise be left out silently.
 * @param of the function, for the error
 * @throws TypeError that names the option, and the one that is meant; when they are no object
 */
export function checkOptions<T extends object>(of: string, options: T, known: NamesOf<T>): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${of}: options must be an object, such as { ${Object.keys(known)[0]}: … }`);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    throw new TypeError(`${of}: ${noOption(name, Object.keys(known))}`);
  }
}

/** The words about a name that is none, with the one that is meant, or with all where it is like none. */
export function noOption(name: string, known: readonly string[], what = 'option'): string {
  const slip = shown(name);
  const [meant = ''] = [...known].sort((a, b) => likeness(slip, b) - likeness(slip, a));
  const help = likeness(slip, meant) > 0 ? `Did you mean ${meant}?` : `There are ${known.join(', ')}.`;
  return `${slip} is no ${what}. ${help}`;
}

/** A name as an error has it: anything may stand there. */
function shown(name: string): string {
  return name.slice(0, 60).replace(/[^ -~]/g, '?');
}

/**
 * Letters that two names share, less those that one has more: enough to find a slip among a dozen names. A slip begins
 * alike, and shares more than half: to name path for auth would mislead.
 */
function likeness(name: string, known: string): number {
  const shared = [...name].filter((letter) => known.includes(letter)).length;
  if (name[0] !== known[0] || shared * 2 <= known.length) return 0;
  return shared - Math.abs(name.length - known.length);
}
