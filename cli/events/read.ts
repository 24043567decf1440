import { EventsError, type Since } from '../../shared/index.ts';
import type { EventsSource, Followed, Stored } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { toLine } from './event-line.ts';
import { toText } from './format.ts';
import { ShownOnce } from './shown-once.ts';
import { UnreadEvents } from './unread-events.ts';

const PAGE = 1000;

type Source = Pick<EventsSource, 'history' | 'whyUnreadable'>;
type Page = Awaited<ReturnType<EventsSource['history']>>;

/** Prints events as they come: for people on a terminal, as lines of JSON elsewhere. */
export async function tail(source: EventsSource, followed: Followed, around: Surroundings): Promise<void> {
  const signal = around.stopSignal();
  const shown = new ShownOnce();
  const unread = new UnreadEvents(source, around);
  for await (const { cursor, event } of source.stream({ ...followed, signal })) {
    await unread.look(event, followed.topic);
    if (around.isTerminal) {
      if (shown.isNews(event)) await around.print(toText(event));
    }
    // That a stream has caught up is of no use to a program; what it lost is.
    else if (event.event_type !== 'stream_synced') await around.print(toLine(cursor, event));
  }
}

/** The cause why there is more in a log than was printed, and what to do. */
function whyHeld({ whyUnreadable }: Source): string {
  const advice = whyUnreadable
    ? 'With --catalog, pass the module whose catalog has that version.'
    : 'Ask a server that knows that version; or again in half a minute, when a gap is in its place.';
  return `The log goes on with an event of a newer version than is known here. ${advice}`;
}

/** Prints what a topic holds, oldest first, up to now. */
export async function history(
  source: Source,
  { since = { last: 100 }, ...selection }: Stored,
  around: Surroundings,
): Promise<void> {
  const unread = new UnreadEvents(source, around);
  if (await printStored(source, { since, ...selection }, around, unread))
    around.note(`This is not all. ${whyHeld(source)}`);
}

/**
 * Prints all that a topic holds, oldest first, up to now.
 * @throws EventsError after what could be read: UNAVAILABLE if there is more that cannot be read now, INVALID_EVENT if events
 * among it cannot be read
 */
export async function exportStored(
  source: Source,
  stored: Stored & { since: Since },
  around: Surroundings,
): Promise<void> {
  const unread = new UnreadEvents(source, around);
  if (await printStored(source, stored, around, unread))
    throw new EventsError('UNAVAILABLE', `Not all was exported. ${whyHeld(source)}`);
  if (unread.count > 0)
    throw new EventsError(
      'INVALID_EVENT',
      `Not all was exported: events that cannot be read: ${unread.count}.`,
    );
}

/** @returns true if the log goes on, see HistoryPage.held */
async function printStored(
  source: Source,
  { since, ...selection }: Stored & { since: Since },
  around: Surroundings,
  unread: UnreadEvents,
): Promise<boolean> {
  const printPage = async (page: Page): Promise<void> => {
    for (const gap of page.gaps) await unread.add(gap, selection.topic);
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
async function lastPages(source: Source, selection: Stored, last: number): Promise<Page[]> {
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
