import type { Position } from '../../../shared/cursor.ts';
import { inHandfuls, Places } from '../records/places.ts';
import type { Selector } from '../records/selector.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import { Cohort } from './cohort.ts';
import { Batch, type Hub, type Sink } from './hub.ts';

/** A topic's hub, and the records that are followed of it. */
export interface MergedPart {
  readonly hub: Hub;
  readonly selector: Selector;
}

/** The place of one who leaves a merged hub. */
export interface Standing {
  /** In the stream of all topics: those of its last item. */
  readonly places: Places;
  /** In one of the topics: all up to here was handed to it, or is not for it. */
  in(hub: Hub): Position;
  /** True for a topic of which something is handed out now, that it may have a part of. */
  isIn(hub: Hub): boolean;
}

/** A part of a batch that is being handed out, and the positions in its topic before it and after it. */
interface HandingOut {
  readonly hub: Hub;
  readonly before: Position;
  readonly after: Position;
}

/**
 * Several topics as one, for all who follow the same of them: a record is made into an item, with its cursor of them
 * all, once for all members, and so it is encoded and framed once.
 *
 * A member that joins stands at the positions of all hubs, and so does every member then, whatever the cursor of its last
 * item says: the records in between are not for them. So the cursors of all go on from there.
 */
export class MergedHub {
  readonly #parts: readonly { readonly part: MergedPart; readonly sink: Sink }[];
  readonly #members: Cohort;
  readonly #onEmpty: () => void;
  #places = new Places();
  /** The places before the items that were handed out last. */
  #previous = this.#places;
  #handingOut: HandingOut | null = null;

  /** @param parts one of each topic, at least one in all @param onEmpty called when the last member has left */
  constructor(parts: readonly MergedPart[], onEmpty: () => void) {
    const [first] = parts;
    if (!first) throw new TypeError('MergedHub: without a topic');
    this.#members = new Cohort(first.hub.telemetry);
    this.#onEmpty = onEmpty;
    this.#parts = parts.map((part) => ({ part, sink: this.#sinkOf(part) }));
  }

  /** Hands a member all from here on. It is level with every hub, and none of them is handing out now [D7]. */
  join(member: Sink): void {
    if (this.#members.isEmpty) for (const { part, sink } of this.#parts) part.hub.join(part.selector, sink);
    this.#places = Places.at(this.#parts.map(({ part: { hub } }) => [hub.log.topic, hub.position]));
    this.#previous = this.#places;
    this.#members.add(member);
  }

  leave(member: Sink): void {
    if (!this.#members.delete(member) || !this.#members.isEmpty) return;
    for (const { part, sink } of this.#parts) part.hub.leave(part.selector, sink);
    this.#onEmpty();
  }

  /** The place of a member now. @param missed it was not handed the items that are handed out now */
  standing(missed: boolean): Standing {
    const now = this.#handingOut;
    return {
      places: missed ? this.#previous : this.#places,
      isIn: (hub) => hub === now?.hub,
      in(hub) {
        if (hub !== now?.hub) return hub.position; // nothing of it is under way
        return missed ? now.before : now.after;
      },
    };
  }

  #sinkOf(part: MergedPart): Sink {
    return {
      name: part.hub.log.topic,
      subscribers: () => this.#members.subscribers,
      group: undefined,
      isFull: false,
      take: ({ records }) => {
        this.#handOut(part.hub, records);
        return true;
      },
      overflow() {},
    };
  }

  #handOut(hub: Hub, records: readonly StreamRecord[]): void {
    const { topic } = hub.log;
    let places = this.#places;
    const itemsOf = (record: StreamRecord) => {
      const placed = places.place(topic, record);
      places = placed.places;
      return [placed.record];
    };
    let start = 0;
    let before = hub.previous;
    for (const { items, end } of inHandfuls(records, itemsOf)) {
      const made = records.slice(start, end);
      const after = end === records.length ? hub.position : (made.at(-1) ?? before);
      this.#previous = this.#places;
      this.#places = places;
      this.#handingOut = { hub, before, after };
      this.#members.hand(new Batch(items), topic, made);
      if (this.#members.isEmpty) break;
      start = end;
      before = after;
    }
    this.#handingOut = null;
  }
}

/** The merged hubs of this process: one for all who follow the same of the same hubs. */
export class MergedHubs {
  readonly #hubs = new Map<string, MergedHub>();
  readonly #numbers = new WeakMap<Hub, number>();
  #last = 0;

  /** Joins the hub of some topics. The member is level with all of their hubs, see {@link MergedHub.join}. */
  join(parts: readonly MergedPart[], member: Sink): MergedHub {
    const key = JSON.stringify(
      parts
        .map(({ hub, selector }): [number, string] => [this.#numberOf(hub), selector.key])
        .sort(([a], [b]) => a - b),
    );
    let merged = this.#hubs.get(key);
    if (!merged) {
      merged = new MergedHub(parts, () => this.#hubs.delete(key));
      this.#hubs.set(key, merged);
    }
    merged.join(member);
    return merged;
  }

  #numberOf(hub: Hub): number {
    let number = this.#numbers.get(hub);
    if (number === undefined) {
      number = ++this.#last;
      this.#numbers.set(hub, number);
    }
    return number;
  }
}
