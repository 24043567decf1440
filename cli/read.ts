import type { EventAccess, Followed, Selection } from './event-access.ts';
import { toJson, toText } from './format.ts';
import { isTerminal, print } from './output.ts';

const PAGE = 1000;

/** Prints events as they come: for people on a terminal, as lines of JSON elsewhere. */
export async function tail(access: EventAccess, followed: Followed, signal: AbortSignal): Promise<void> {
  for await (const { cursor, event } of access.stream({ ...followed, signal })) {
    if (isTerminal) await print(toText(event));
    // That a stream has caught up is of no use to a program; what it lost is.
    else if (event.event_type !== 'stream_synced') await print(toJson(cursor, event));
  }
}

/**
 * Prints what a topic holds, oldest first, up to now.
 * @param format an event as a line
 */
export async function history(
  access: EventAccess,
  { since = { last: 100 }, ...selection }: Selection,
  format = toJson,
): Promise<void> {
  for (let from = since, atEnd = false; !atEnd; ) {
    const page = await access.history({ ...selection, since: from, limit: PAGE });
    for (const gap of page.gaps) await print(toJson(gap.to, { event_type: 'stream_gap', data: gap }));
    for (const { cursor, event } of page.items) await print(format(cursor, event));
    ({ next: from, atEnd } = page);
  }
}
