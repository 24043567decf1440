import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Chance that can be repeated: one seed, one sequence. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number, both bounds included. */
  int(from: number, to: number): number;
  /** One of them, each as likely. @throws TypeError when there is none */
  pick<T>(items: readonly T[]): T;
  /** A new array of them in any order. */
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * @param seed a whole number; only its low 32 bits count
 * @param stream which of the seed's sequences. They have nothing in common, so that one more draw from one of them
 *   does not change another. Default 0.
 */
export function createRandom(seed: number, stream = 0): Random {
  const generator = xoroshiro128plus(seed);
  for (let i = 0; i < stream; i++) generator.jump();
  const int = (from: number, to: number): number => uniformInt(generator, from, to);
  return {
    next: () => uniformFloat64(generator),
    int,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new TypeError('Random.pick: there is nothing to pick from');
      return items[int(0, items.length - 1)] as T;
    },
    shuffle<T>(items: readonly T[]): T[] {
      const rest = [...items];
      return items.map(() => rest.splice(int(0, rest.length - 1), 1)[0] as T);
    },
  };
}
