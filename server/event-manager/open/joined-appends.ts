import { EventsError } from '../../../shared/errors.ts';
import type { Owner } from '../../broker/open/open-events.ts';
import type { Change } from './owned-changes.ts';

/** A piece of text, and the offset at which it applies. */
export interface Piece {
  readonly at: number;
  readonly text: string;
}

type Append = Change<Piece, number>;

/** Appends pieces in their order: those that follow on each other as one. Each caller has its own answer. */
export async function appendJoined(
  append: (owner: Owner, at: number, text: string) => Promise<number>,
  owner: Owner,
  appends: readonly Append[],
): Promise<void> {
  for (const run of runsOf(appends)) {
    const [first] = run;
    const { at } = first.value;
    try {
      let after = await append(owner, at, run.map(({ value }) => value.text).join(''));
      for (const { value, resolve } of run.toReversed()) {
        resolve(after);
        after -= value.text.length;
      }
    } catch (error) {
      // One of several may be there already, or be the one that is too long.
      if (run.length > 1 && isOfOne(error)) for (const one of run) await appendJoined(append, owner, [one]);
      else for (const { reject } of run) reject(error);
    }
  }
}

type Run = [Append, ...Append[]];

/** Pieces of which each follows on the one before. */
function runsOf(appends: readonly Append[]): Run[] {
  const runs: Run[] = [];
  let end: number | undefined;
  for (const append of appends) {
    const { at, text } = append.value;
    const run = runs.at(-1);
    if (run && at === end) run.push(append);
    else runs.push([append]);
    end = at + text.length;
  }
  return runs;
}

function isOfOne(error: unknown): boolean {
  return error instanceof EventsError && (error.code === 'CONFLICT' || error.code === 'TOO_LARGE');
}
