import { EventsError, type Since } from '../../shared/index.ts';
import type { EventsSource, Followed, Stored } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { toLine } from './event-line.ts';
import { toText } from './format.ts';
import { ShownOnce } from './shown-once.ts';

const PAGE = 1000;

type Page = Awaited<ReturnType<EventsSource['history']>>;

/** Prints events as they come: for people on a terminal, as lines of JSON elsewhere. */
export async function tail(source: EventsSource, followed: Followed, around: Surroundings): Promise<void> {
  const signal = around.stopSignal();
  const shown = new ShownOnce();
  for await (const { cursor, event } of source.stream({ ...followed, signal })) {
    if (around.isTerminal) {
      if (shown.isNews(event)) await around.print(toText(event));
    }
    // That a stream has caught up is of no use to a program; what it lost is.
    else if (event.event_type !== 'stream_synced') await around.print(toLine(cursor, event));
  }
}

/** The cause why there is more in a log than was printed, and what to do. */
const HELD =
  'The log goes on with an event of a newer version than is known here. Ask a server that knows that version; or again in half a minute, when a gap is in its place.';

/** Prints what a topic holds, oldest first, up to now. */
export async function history(
  source: Pick<EventsSource, 'history'>,
  { since = { last: 100 }, ...selection }: Stored,
  around: Surroundings,
): Promise<void> {
  if (await printStored(source, { since, ...selection }, around)) around.note(`This is not all. ${HELD}`);
}

/** Prints all that a topic holds, oldest first, up to now. @throws EventsError UNAVAILABLE if there is more that cannot be read now */
export async function exportStored(
  source: Pick<EventsSource, 'history'>,
  stored: Stored & { since: Since },
  around: Surroundings,
): Promise<void> {
  if (await printStored(source, stored, around))
    throw new EventsError('UNAVAILABLE', `Not all was exported. ${HELD}`);
}

/** @returns true if the log goes on, see HistoryPage.held */
async function printStored(
  source: Pick<EventsSource, 'history'>,
  { since, ...selection }: Stored & { since: Since },
  around: Surroundings,
): Promise<boolean> {
  const printPage = async (page: Page): Promise<void> => {
    for (const { cursor, event } of inOrder(page)) await around.print(toLine(cursor, event));
  };
  if (typeof since === 'object' && 'last' in since) {
    const pages = await lastPages(source, selection, since.last);
    for (const page of pages) await printPage(page);
    return pages.at(-1)?.held ?? false;
  }
  const end = around.isProgressSeen ? (await source.history({ ...selection, limit: 1 })).next : '';
  let start: string | undefined;
  let from: Since = since;
  using progress = around.progress(() => (typeof from === 'string' ? share(start, from, end) : undefined));
  // A page may be empty and yet not the end.
  for (;;) {
    const page: Page = await source.history({ ...selection, since: from, limit: PAGE });
    await printPage(page);
    progress.add(page.items.length);
    start ??= page.items[0]?.cursor;
    from = page.next;
    if (page.atEnd) return page.held ?? false;
  }
}

/** The events of a page and its gaps, each in its place. */
function inOrder({ gaps, items }: Page): { cursor: string; event: object }[] {
  const holes = gaps.map((data) => ({ cursor: data.to, event: { event_type: 'stream_gap', data } }));
  return [...holes, ...items].sort((a, b) => numberOf(a.cursor) - numberOf(b.cursor));
}

function numberOf(cursor: string): number {
  return Number(cursor.split(':')[1]);
}

/** The share of the way between two places in the log that a third has come, from 0 to 1; undefined if the log was begun anew meanwhile. */
function share(start: string | undefined, at: string, end: string): number | undefined {
  const [from, here, to] = [start, at, end].map((cursor) => Number(cursor?.split(':')[1]));
  const done = ((here ?? 0) - (from ?? 0) + 1) / ((to ?? 0) - (from ?? 0) + 1);
  return done >= 0 && done <= 1 ? done : undefined;
}

/** The pages that hold the last events, oldest first. */
async function lastPages(
  source: Pick<EventsSource, 'history'>,
  selection: Stored,
  last: number,
): Promise<Page[]> {
  const pages: Page[] = [];
  let before: string | null | undefined;
  for (let left = last; left > 0 && before !== null; ) {
    const page = await source.history({
      ...selection,
      limit: Math.min(left, PAGE),
      ...(before !== undefined && { before }),
    });
    pages.unshift(page);
    left -= page.items.length;
    before = page.previous;
  }
  return pages;
}
