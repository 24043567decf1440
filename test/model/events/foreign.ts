import { type AnyCatalog, type LogEntry, toLogEntry } from '../../../shared/index.ts';
import type { GapReason } from '../../../shared/stream-items.ts';
import { editedCatalog, newerCatalog, oldCatalog } from './catalog.ts';
import { eventOf, isStatus, score } from './wanted.ts';

/**
 * Processes that are none of the model's nodes, and write to their log: one of before all versions, whose messages are
 * raised, or cannot be; one whose newest version is another; and one of the next deploy.
 */
export const FOREIGNERS = ['old', 'odd', 'edited', 'newer'] as const;
export type Foreigner = (typeof FOREIGNERS)[number];

/** An entry that a foreign process writes, and the reason of the gap in its place; undefined where it can be read. */
export interface ForeignEntry {
  readonly n: number;
  readonly entry: LogEntry;
  readonly unreadable: GapReason | undefined;
}

/** Event `n` as a foreign process writes it. @param idempotencyKey default: one of its own */
export function foreignEntry(who: Foreigner, n: number, idempotencyKey?: string): ForeignEntry {
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  const write = (catalog: AnyCatalog, event: { event_type: string; data: unknown }): LogEntry => {
    const { validatedBy: _, ...entry } = toLogEntry(catalog, { ...event, ...key });
    return entry;
  };
  // Statuses are alike everywhere.
  if (isStatus(n)) return { n, entry: write(oldCatalog, eventOf(n)), unreadable: undefined };
  const message = (data: unknown) => ({ event_type: 'agent_message', data });
  switch (who) {
    case 'old':
      return {
        n,
        entry: write(oldCatalog, message({ said: `${n}`, mood: score(n) })),
        unreadable: undefined,
      };
    case 'odd': {
      // Refused by the second version, or by the third.
      const data = n % 2 === 0 ? { said: '', mood: 0 } : { said: `${n}`, mood: 7 };
      return { n, entry: write(oldCatalog, message(data)), unreadable: 'dropped' };
    }
    case 'edited':
      return { n, entry: write(editedCatalog, eventOf(n)), unreadable: 'dropped' };
    case 'newer':
      return { n, entry: write(newerCatalog, message({ words: `${n}` })), unreadable: 'unknown_version' };
  }
}
