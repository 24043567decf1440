import type { AnyCatalog } from '../../shared/catalog.ts';
import { unknownEvent } from '../../shared/catalog.ts';
import { isNoticeType, type StreamRecord } from './stream-record.ts';

/** Which records of a topic a subscriber wants. */
export interface Selector {
  /** Equal keys select equal records. */
  readonly key: string;
  /** The same test live, on replay and in history [D8]. Notices always match. */
  matches(record: StreamRecord): boolean;
}

/**
 * Selects by event type; all of the catalog's when `types` is undefined.
 * @throws EventsError UNKNOWN_EVENT
 */
export function selectTypes(catalog: AnyCatalog, types: readonly string[] = catalog.names): Selector {
  for (const type of types) if (!catalog.has(type)) throw unknownEvent(type, catalog.names);
  const wanted = new Set(types);
  return {
    key: [...wanted].sort().join(','),
    matches: ({ type }) => wanted.has(type) || isNoticeType(type),
  };
}
