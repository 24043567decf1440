import type { AnyItem } from '../../client/reading/items.ts';
import { OpenEvents } from '../../client/reading/open-events.ts';

/** Items of an EventManager, in which events that grow come whole each time, as a client's streams have them. */
export async function* wholeItems(
  items: AsyncIterable<readonly [cursor: string, item: object]>,
): AsyncGenerator<{ cursor: string; event: AnyItem }, void, undefined> {
  const open = new OpenEvents();
  for await (const [cursor, item] of items) {
    // As it arrives: of whichever catalog, and with the same fields.
    for (const event of open.take(item as AnyItem)) yield { cursor, event };
  }
}
