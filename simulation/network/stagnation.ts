/** Messages whose newness is judged. */
const JUDGED = 8;
/** Messages before each of them that it is compared with. */
const COMPARED = 16;
/** Most words of a message that count towards its weight: a long speech is not worth more than a few sentences. */
const FULL_WEIGHT_WORDS = 12;

/** Messages that {@link measureStagnation} looks at; older ones need not be kept. */
export const STAGNATION_WINDOW = JUDGED + COMPARED;

/**
 * The degree to which a conversation goes round in circles, 0 to 1: the likeness of the latest messages to one that was said
 * shortly before. 0: all is new. 1: nothing is. Words and word pairs are compared, not meanings.
 *
 * @param texts the messages, oldest first; a conversation that has barely begun is not stagnant
 */
export function measureStagnation(texts: readonly string[]): number {
  const messages = texts.slice(-STAGNATION_WINDOW).map(profileOf);
  const firstJudged = Math.max(0, messages.length - JUDGED);
  let sameness = 0;
  let weights = 0;
  for (const [offset, message] of messages.slice(firstJudged).entries()) {
    const index = firstJudged + offset;
    const before = messages.slice(Math.max(0, index - COMPARED), index);
    sameness += message.weight * Math.max(0, ...before.map((other) => similarity(message, other)));
    weights += message.weight;
  }
  if (weights === 0) return 0;
  const begun = Math.min(1, messages.length / JUDGED);
  return Math.min(1, (sameness / weights) * begun);
}

interface Profile {
  /** Word or word pair → how often. */
  readonly terms: ReadonlyMap<string, number>;
  readonly length: number;
  readonly weight: number;
}

function profileOf(text: string): Profile {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu) ?? [];
  const terms = new Map<string, number>();
  for (const [index, word] of words.entries()) {
    add(terms, word, informationOf(word));
    const next = words[index + 1];
    if (next !== undefined) add(terms, `${word} ${next}`, 1);
  }
  let squares = 0;
  for (const count of terms.values()) squares += count * count;
  return { terms, length: Math.sqrt(squares), weight: Math.min(words.length, FULL_WEIGHT_WORDS) };
}

/** Short words are in every sentence, and tell little about what it says. */
function informationOf(word: string): number {
  return word.length <= 3 ? 0.3 : 1;
}

function add(terms: Map<string, number>, term: string, count: number): void {
  terms.set(term, (terms.get(term) ?? 0) + count);
}

/** Cosine of the angle between two messages, 0 to 1. */
function similarity(a: Profile, b: Profile): number {
  if (a.length === 0 || b.length === 0) return 0;
  let product = 0;
  for (const [term, count] of a.terms) product += count * (b.terms.get(term) ?? 0);
  return product / (a.length * b.length);
}
