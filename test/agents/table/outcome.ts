import { ALL, writtenAfter } from './stand-in/script.ts';
import type { Asked } from './stand-in/stand-in.ts';
import type { Page, Told } from './systems/system.ts';

/** Everything that a page shows of a reply. `garbled` is no part of it: repeated, or out of order. */
export type Shown = 'all' | 'a part' | 'nothing' | 'garbled';

/** A page when nothing more comes. */
export interface View {
  shows: Shown;
  told: Told;
}

/** A page in a cell of the table. `an error or nothing`: it depends on how busy the server is. */
export interface ExpectedView {
  shows: Shown;
  told: Told | 'an error or nothing';
}

/** One cell of the table, as it was seen. */
export interface Outcome<V = View> {
  run: 'goes on' | 'is aborted' | 'is stopped' | 'is lost';
  /** The page that the happening is about. */
  page: V;
  /** A page that is loaded after all is over, where the page of the happening is not that one. */
  reload?: V;
}

/** One cell of the table, as it is published. */
export type Cell = Outcome<ExpectedView>;

/** The cell itself, if what was seen is one of its outcomes. */
export function asIn(cell: Cell, seen: Outcome): Cell {
  const told = seen.reload?.told;
  const isEither = cell.reload?.told === 'an error or nothing' && (told === 'an error' || told === 'nothing');
  return isEither && seen.reload
    ? { ...seen, reload: { ...seen.reload, told: 'an error or nothing' } }
    : seen;
}

export function viewOf(page: Page): View {
  return { shows: shownBy(page), told: page.told() };
}

function shownBy(page: Page): Shown {
  const shown = page.shown();
  if (shown === '') return 'nothing';
  if (shown === writtenAfter(ALL)) return 'all';
  return isPart(shown) ? 'a part' : 'garbled';
}

/** True of the reply up to some place, and of one that lacks parts from its beginning. */
function isPart(shown: string): boolean {
  const wholes = Array.from({ length: ALL }, (_, steps) => writtenAfter(steps + 1));
  return wholes.some((whole) => {
    const parts = whole.split('|');
    return parts.some((_, first) => parts.slice(first).join('|') === shown);
  });
}

/** @param cause word for a run that did not come to its end */
export function runOf(asked: readonly Asked[], cause: Exclude<Outcome['run'], 'goes on'>): Outcome['run'] {
  return asked[0]?.state === 'whole' ? 'goes on' : cause;
}
