import type { OpenPart } from '../../shared/open/open-part.ts';

/** An event of a topic, as much of it as is read here. */
export interface ReadEvent {
  readonly event_type: string;
  readonly data: unknown;
  readonly open?: OpenPart | undefined;
  readonly stored?: false | undefined;
}

/** An item and the cursor that it came with. */
export interface WaitingItem {
  readonly item: ReadEvent;
  readonly cursor: string;
}

/** Items of one run that waits. */
interface WaitingRun {
  readonly items: WaitingItem[];
  /** `open.id` of an event that has grown → the place of its growth among the items. */
  readonly grown: Map<string, number>;
}

/** Items of runs that wait while another is told, each run's by themselves: to go on with one costs nothing for the others. */
export class WaitingRuns {
  /** In the order of their first items. */
  readonly #runs = new Map<string, WaitingRun>();

  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  add(run: string, waiting: WaitingItem): void {
    const { items, grown } = this.#runs.get(run) ?? this.#begin(run);
    const { stored, open } = waiting.item;
    if (stored !== false || !open) {
      items.push(waiting);
      return;
    }
    // Of a growth the latest is enough, in its first place.
    const place = grown.get(open.id) ?? items.length;
    grown.set(open.id, place);
    items[place] = waiting;
  }

  /** Takes out what waits of the run that was first. */
  next(): readonly WaitingItem[] {
    const [first] = this.#runs;
    if (!first) return [];
    const [run, { items }] = first;
    this.#runs.delete(run);
    return items;
  }

  #begin(run: string): WaitingRun {
    const begun = { items: [], grown: new Map() };
    this.#runs.set(run, begun);
    return begun;
  }
}
