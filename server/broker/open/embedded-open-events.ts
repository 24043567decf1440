import { formatCursor, type Position } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';
import type { OpenEvent, OpenEvents, Owner } from './open-events.ts';
import type { Moment, Outcome, TopicOpenSet } from './topic-open-set.ts';

/** A broker that keeps its open sets in its process. Each method throws EventsError CLOSED after its closing. */
export interface OpenSetHost {
  now(): number;
  /**
   * Makes one change of a topic's set, with the record that it appends, and tells both to the tails.
   * @param work what changes the set
   * @param erases true if nothing may be left of what it takes out, once the erasing that it is part of is over
   */
  change<T>(
    topic: string,
    work: (set: TopicOpenSet, moment: Moment) => Outcome<T>,
    erases?: boolean,
  ): Promise<T>;
  /** Looks at a topic's set and the end of its log, as they were told to tails. */
  look<T>(topic: string, work: (set: TopicOpenSet, end: Position) => T): T;
  /** All sets that hold an open event. */
  sets(): Iterable<{ readonly topic: string; readonly set: TopicOpenSet }>;
  /** Tells the topic's tails of an event that is not stored. */
  ephemeral(topic: string, entry: LogEntry, at: Position): void;
}

/** The open events of an embedded broker: its sets follow the rules of `TopicOpenSet`. */
export function embeddedOpenEvents(host: OpenSetHost): OpenEvents {
  return {
    async begin(topic, event, most) {
      return host.change(topic, (set, moment) => set.begin(event, most, moment));
    },
    async append(topic, owner, at, text) {
      return host.change(topic, (set, moment) => set.append(owner, at, text, moment));
    },
    async replace(topic, owner, entry) {
      return host.change(topic, (set, moment) => set.replace(owner, entry, moment));
    },
    async touch(topic, ids, owner: Omit<Owner, 'id'>) {
      return host.look(topic, (set) => set.touch(ids, owner, host.now()));
    },
    async settle(topic, settling) {
      return host.change(topic, (set, moment) => set.settle(settling, moment));
    },
    async forget(topic, ids) {
      await Promise.all(ids.map((id) => host.change(topic, (set, moment) => set.forget(id, moment), true)));
    },
    async find(topic, id) {
      return host.look(topic, (set) => set.find(id, host.now()));
    },
    async read(topic) {
      return host.look(topic, (set, end) => set.read(end));
    },
    async announce(topic, entry) {
      const end = host.look(topic, (_, end) => end);
      host.ephemeral(topic, entry, end);
      return formatCursor(end);
    },
    async lapsed(most, aside) {
      const now = host.now();
      const found: { topic: string; event: OpenEvent }[] = [];
      for (const { topic, set } of host.sets()) {
        const others = set.lapsed(now).filter(({ id }) => !aside?.get(topic)?.has(id));
        found.push(...others.map((event) => ({ topic, event })));
        if (found.length >= most) break;
      }
      return found.slice(0, most);
    },
  };
}
