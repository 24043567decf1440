import { EventsError } from '../../shared/index.ts';
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
  source: Pick<EventsSource, 'erase'>,
  { topic, cursor, filter, types, yes = false }: EraseFlags,
  around: Surroundings,
): Promise<void> {
  if (cursor === undefined && filter === undefined)
    throw new EventsError('INVALID_OPTION', "erase: pass --cursor, or --filter ('{}' for all events)");
  const which = cursor === undefined ? { topic, types, filter: filter ?? {} } : { topic, cursor };
  if (!yes)
    throw new EventsError(
      'INVALID_OPTION',
      'erase: nothing brings the events back; pass --yes if they are meant',
    );
  const { erased, unreadable } = await source.erase(which);
  await around.print(JSON.stringify({ erased, ...(unreadable !== undefined && { unreadable }) }));
  if (unreadable !== undefined)
    around.note(
      `events that could not be looked at, since the catalog cannot read them: ${unreadable}. They are still there; --filter '{}' erases them too`,
    );
}
