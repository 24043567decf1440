import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName, EventOf } from '../../shared/events.ts';
import { isErased } from './erased.ts';
import type { Gap, PlacedEvent } from './snapshot.ts';

type Row<C extends AnyCatalog> = PlacedEvent<EventName<C>, C>;

/** Events that arrived and wait to be shown: an open one is one row, in its first place, however often it is told. */
export class OpenRows<C extends AnyCatalog> {
  #waiting: Row<C>[] = [];
  /** Places in `#waiting` of open events, by id. */
  #places = new Map<string, number>();
  /** Ids that were never seen before they came to wait: only those make a row, or one that was dropped would come back. */
  #fresh = new Set<string>();
  /** Ids of those that were begun before every row: they are put in front. */
  #early = new Set<string>();
  readonly #held = new Map<string, Row<C>>();
  #open: readonly Row<C>[] = Object.freeze([]);
  #hasChanged = false;

  /** Rows that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Events that are open, the same object until one of them changes. */
  get open(): readonly Row<C>[] {
    if (this.#hasChanged) this.#open = Object.freeze([...this.#held.values()]);
    this.#hasChanged = false;
    return this.#open;
  }

  /** An event in its place: that of its record, or where it was first told. */
  placed(event: EventOf<EventName<C>, C>, cursor: string): Row<C> {
    const known = event.stored === false && event.open && this.#held.get(event.open.id);
    return { ...event, cursor: known ? known.cursor : cursor };
  }

  /** Takes an event in. @param isFirst true until the stream has caught up for the first time */
  add(row: Row<C>, isFirst: boolean): void {
    const { open } = row;
    if (!open) {
      this.#waiting.push(row);
      return;
    }
    const { id, state } = open;
    const place = this.#places.get(id);
    if (place !== undefined) this.#waiting[place] = row;
    else {
      if (!this.#held.has(id)) {
        this.#fresh.add(id);
        // Its record would have come, were it not from before those that were asked for.
        if (isFirst && row.stored === false && open.kind !== 'presence') this.#early.add(id);
      }
      this.#places.set(id, this.#waiting.push(row) - 1);
    }
    if (state === 'open') this.#held.set(id, row);
    else this.#held.delete(id);
    this.#hasChanged = true;
  }

  /** Members of a type are counted from here on, and no longer told. @param topic undefined: rows name none */
  count(type: string, topic: string | undefined): void {
    this.#drop((row) => row.event_type === type && row.topic === topic);
  }

  /** Events in the gap were erased, and so are not open either. */
  erase(gap: Gap): void {
    this.#drop((row) => isErased(row, gap));
  }

  /** The rows with what waited: put in their places, or behind. */
  joinedTo(rows: readonly Row<C>[]): readonly Row<C>[] {
    const early = this.#waiting.filter(({ open }) => open && this.#early.has(open.id));
    const all = [...early, ...rows];
    const shown = new Map<string, number>();
    if (this.#places.size > 0)
      for (const [place, { open }] of all.entries()) if (open) shown.set(open.id, place);
    for (const row of this.#waiting) {
      const place = row.open && shown.get(row.open.id);
      if (place !== undefined) all[place] = row;
      else if (!row.open || this.#fresh.has(row.open.id)) all.push(row);
    }
    this.#waiting = [];
    this.#places = new Map();
    this.#fresh = new Set();
    this.#early = new Set();
    return all;
  }

  #drop(isOver: (row: Row<C>) => boolean): void {
    for (const [id, row] of this.#held) {
      if (!isOver(row)) continue;
      this.#held.delete(id);
      this.#hasChanged = true;
    }
  }
}
