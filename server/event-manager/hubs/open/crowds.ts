/** Members of a type in a topic up to which each of them is told [O11], and those at which that begins again. */
const MAX_TOLD = 500;
const TOLD_AGAIN = 450;
/** Ms between two tellings of the number of members. */
const COUNT_MS = 1000;

/** Presences with so many members that only their number is told, at most once a second. */
export class Crowds {
  readonly #tell: (type: string) => void;
  readonly #sizes = new Map<string, number>();
  /** Types that are crowded. Another set after each change, so that it can be kept. */
  #crowded: ReadonlySet<string> = new Set();
  /** Types whose number was told within the last second, and whether it has changed since. */
  readonly #told = new Map<string, { timer: NodeJS.Timeout; hasChanged: boolean }>();

  /** @param tell asked to tell the number of a type's members later */
  constructor(tell: (type: string) => void) {
    this.#tell = tell;
  }

  /** Types of which only the number is told now. */
  get types(): ReadonlySet<string> {
    return this.#crowded;
  }

  has(type: string): boolean {
    return this.#crowded.has(type);
  }

  sizeOf(type: string): number {
    return this.#sizes.get(type) ?? 0;
  }

  /** Notes that members came, or left. @returns what is told from now on, where that was otherwise before */
  add(type: string, members: number): 'count' | 'each' | null {
    const size = (this.#sizes.get(type) ?? 0) + members;
    if (size > 0) this.#sizes.set(type, size);
    else this.#sizes.delete(type);
    if (!this.has(type)) {
      if (size <= MAX_TOLD) return null;
      this.#crowded = new Set([...this.#crowded, type]);
      return 'count';
    }
    if (size > TOLD_AGAIN) return null;
    this.#crowded = new Set([...this.#crowded].filter((crowded) => crowded !== type));
    return 'each';
  }

  /** Tells if the number of a crowded type's members is to be told now; if it was a moment ago, it will be later. */
  isDue(type: string): boolean {
    if (!this.has(type)) return false;
    const told = this.#told.get(type);
    if (told) {
      told.hasChanged = true;
      return false;
    }
    const timer = setTimeout(() => this.#tellLater(type), COUNT_MS).unref();
    this.#told.set(type, { timer, hasChanged: false });
    return true;
  }

  clear(): void {
    for (const { timer } of this.#told.values()) clearTimeout(timer);
    this.#told.clear();
    this.#sizes.clear();
    this.#crowded = new Set();
  }

  #tellLater(type: string): void {
    const hasChanged = this.#told.get(type)?.hasChanged;
    this.#told.delete(type);
    if (hasChanged && this.has(type)) this.#tell(type);
  }
}
