import type { AnyCatalog } from '../../shared/catalog.ts';
import { checkOptions, type NamesOf } from '../../shared/options/known-options.ts';
import type { EventSelection, HistoryOptions, ReplayOptions } from '../../shared/options/read-options.ts';
import type { ReadFor, SubscribeOptions } from './event-manager-options.ts';

/** Ways to read events of a topic in this process. */
export type WayToRead = keyof typeof OPTIONS;

const SELECTION = { topic: 1, types: 1, filter: 1, echo: 1 } as const satisfies NamesOf<
  EventSelection<string, AnyCatalog>
>;
const READ_FOR = { asker: 1, unknownTypes: 1, enforced: 1, subject: 1 } as const satisfies NamesOf<ReadFor>;

const OPTIONS = {
  addListener: SELECTION,
  openEvents: { ...SELECTION, ...READ_FOR },
  erase: { topic: 1, types: 1, filter: 1, cursor: 1 },
  history: { ...SELECTION, ...READ_FOR, since: 1, before: 1, limit: 1, openings: 1 } satisfies NamesOf<
    HistoryOptions<string, AnyCatalog> & ReadFor
  >,
  replay: {
    ...SELECTION,
    ...READ_FOR,
    since: 1,
    until: 1,
    speed: 1,
    maxPauseMs: 1,
    openings: 1,
  } satisfies NamesOf<ReplayOptions<string, AnyCatalog> & ReadFor>,
  subscribe: {
    ...SELECTION,
    ...READ_FOR,
    topics: 1,
    since: 1,
    whenSlow: 1,
    every: 1,
    latestBy: 1,
    members: 1,
    admit: 1,
    signal: 1,
  } satisfies NamesOf<SubscribeOptions<string, AnyCatalog>>,
} as const;

/**
 * Refuses options that a way to read has not: a slip in `topic` would read the default one.
 * @throws TypeError that names the option, and the one that is meant
 */
export function checkReading(way: WayToRead, options: object): void {
  checkOptions<object>(way, options, OPTIONS[way]);
}
