import type { Since } from '../shared/index.ts';
import type { EventAccess, Followed, Selection } from './event-access.ts';
import { toLine } from './event-line.ts';
import { toText } from './format.ts';
import { isTerminal, print } from './output.ts';

const PAGE = 1000;

type Page = Awaited<ReturnType<EventAccess['history']>>;

/** Prints events as they come: for people on a terminal, as lines of JSON elsewhere. */
export async function tail(access: EventAccess, followed: Followed, signal: AbortSignal): Promise<void> {
  for await (const { cursor, event } of access.stream({ ...followed, signal })) {
    if (isTerminal) await print(toText(event));
    // That a stream has caught up is of no use to a program; what it lost is.
    else if (event.event_type !== 'stream_synced') await print(toLine(cursor, event));
  }
}

/** Prints what a topic holds, oldest first, up to now. */
export async function history(
  access: EventAccess,
  { since = { last: 100 }, ...selection }: Selection,
): Promise<void> {
  const printPage = async ({ gaps, items }: Page): Promise<void> => {
    for (const gap of gaps) await print(toLine(gap.to, { event_type: 'stream_gap', data: gap }));
    for (const { cursor, event } of items) await print(toLine(cursor, event));
  };
  if (typeof since === 'object' && 'last' in since) {
    for (const page of await lastPages(access, selection, since.last)) await printPage(page);
    return;
  }
  // A page may be empty and yet not the end.
  for (let from: Since = since, atEnd = false; !atEnd; ) {
    const page: Page = await access.history({ ...selection, since: from, limit: PAGE });
    await printPage(page);
    ({ next: from, atEnd } = page);
  }
}

/** The pages that hold the last events, oldest first. */
async function lastPages(access: EventAccess, selection: Selection, last: number): Promise<Page[]> {
  const pages: Page[] = [];
  let before: string | null | undefined;
  for (let left = last; left > 0 && before !== null; ) {
    const page = await access.history({
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
