/** A variable that nothing reads, and the one that its name is probably meant to be. */
export interface NearMiss {
  readonly name: string;
  readonly meant: string;
}

/** Names that belong to Node, npm and Kubernetes, however close they come to ours. */
const FOREIGN = /^(NODE_|npm_|POD_NAME$)/i;
/** Names up to this length are close to too many words: only one slip counts in them. */
const SHORT = 7;

/**
 * Finds variables whose names are slips of known ones: two letters are changed, left out, added or exchanged at most, or
 * they are written in small letters. Empty ones count as not set.
 * @param known the names of all variables that are read
 */
export function nearMisses(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): NearMiss[] {
  return Object.keys(env).flatMap((name) => {
    if (!env[name] || known.includes(name) || FOREIGN.test(name)) return [];
    const [best] = known
      .map((meant) => ({ meant, slips: slips(name.toUpperCase(), meant) }))
      .filter(({ meant, slips }) => slips <= (meant.length <= SHORT ? 1 : 2))
      .sort((a, b) => a.slips - b.slips);
    return best ? [{ name, meant: best.meant }] : [];
  });
}

/** Number of letters to change, leave out, add, or exchange with their neighbour: Damerau and Levenshtein's distance. */
function slips(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 2) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let least = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      const exchanged = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (exchanged) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[to.length] ?? 0;
}
