import { ERASED_NOTICE, OTHERS } from './type-rules.ts';

// Rules of types take records out of the midst of a log. Each begins with its oldest, so one number tells for each rule
// what is gone: nothing of it is held up to there.

/** Numbers up to which rules have taken records out. */
export interface Cuts {
  /** The cut of all types that are not named. */
  readonly others: number;
  readonly types: ReadonlyMap<string, number>;
}

/** A set of types: those that are named, or all but those. */
export type Types = { readonly only: readonly string[] } | { readonly allBut: readonly string[] };

/**
 * The cuts of some rules, by type.
 * @param others the cut of all types that are not named, where there is no rule of theirs. Default 0
 */
export function cutsOf(byType: Iterable<readonly [type: string, cut: number]>, others = 0): Cuts {
  const types = new Map(byType);
  const ofOthers = types.get(OTHERS) ?? others;
  types.delete(OTHERS);
  return { others: ofOthers, types };
}

/** Types of which there may have been records after a number that are gone. */
export function typesAfter(seq: number, { others, types }: Cuts): Types {
  const named = [...types.keys()];
  const isGone = (type: string) => (types.get(type) ?? 0) > seq;
  return others > seq
    ? { allBut: named.filter((type) => !isGone(type)) }
    : { only: named.filter((type) => isGone(type)) };
}

/** Tells if a set may have a type. A notice of erasing may be of any, and so concerns all. */
export function mayHave(types: Types, type: string): boolean {
  if ('only' in types) return types.only.includes(type) || types.only.includes(ERASED_NOTICE);
  return !types.allBut.includes(type) || !types.allBut.includes(ERASED_NOTICE);
}

/** The number of the last record that any rule took out: what is missing up to there is no damage. */
export function lastCut({ others, types }: Cuts): number {
  return Math.max(others, ...types.values());
}

/** Tells if a record that was held once is taken out by now. */
export function isCut({ type, seq }: { readonly type: string; readonly seq: number }, cuts: Cuts): boolean {
  return seq <= (cuts.types.get(type) ?? cuts.others);
}
