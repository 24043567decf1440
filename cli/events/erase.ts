import { EventsError, type Since } from '../../shared/index.ts';
import type { SelectionFlags } from '../commands/arguments.ts';
import type { EventsSource } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';

/** As commander hands over the options of `erase`. */
export interface EraseFlags extends Pick<SelectionFlags, 'topic' | 'filter' | 'types'> {
  cursor?: string;
  yes?: boolean;
}

/** Erases events, and prints how many. @throws EventsError INVALID_OPTION unless it is said which, and that they are meant */
export async function erase(
  source: Pick<EventsSource, 'erase' | 'history'>,
  { topic, cursor, filter, types, yes = false }: EraseFlags,
  around: Surroundings,
): Promise<void> {
  if (cursor === undefined && filter === undefined)
    throw new EventsError('INVALID_OPTION', "erase: pass --cursor, or --filter ('{}' for all events)");
  const which = cursor === undefined ? { topic, types, filter: filter ?? {} } : { topic, cursor };
  if (!yes)
    throw new EventsError(
      'INVALID_OPTION',
      `erase: ${filter ? await matching(source, { topic, types, filter }) : ''}nothing brings the events back; pass --yes if they are meant`,
    );
  const { erased, unreadable } = await source.erase(which);
  await around.print(JSON.stringify({ erased, ...(unreadable !== undefined && { unreadable }) }));
  if (unreadable !== undefined)
    around.note(
      `events that could not be looked at, since the catalog cannot read them: ${unreadable}. They are still there; --filter '{}' erases them too`,
    );
}

/** Events of a page that are counted. */
const PAGE = 1000;

/** The beginning of a line that tells how many events would be erased. */
async function matching(
  source: Pick<EventsSource, 'history'>,
  selection: { topic: string; types: string[] | undefined; filter: NonNullable<EraseFlags['filter']> },
): Promise<string> {
  let events = 0;
  let unreadable = 0;
  let least = ''; // before the number, where the server does not look at all of the log for now
  let since: Since = { at: new Date(0).toISOString() };
  for (let atEnd = false; !atEnd; ) {
    const page: Awaited<ReturnType<EventsSource['history']>> = await source.history({
      ...selection,
      since,
      limit: PAGE,
    });
    events += page.items.length;
    for (const { reason, lost } of page.gaps)
      if (reason === 'dropped' || reason === 'unknown_version') unreadable += lost ?? 0;
    if (page.held) least = 'at least ';
    ({ next: since, atEnd } = page);
  }
  if (Object.keys(selection.filter).length === 0) return `matching events: ${least}${events + unreadable}; `;
  const others = unreadable > 0 ? `, beside ${unreadable} that the catalog cannot read` : '';
  return `matching events: ${least}${events}${others}; `;
}
