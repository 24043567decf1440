import { isErased } from '../../client/store/erased.ts';
import type { OpenPart } from '../../shared/open/open-part.ts';
import type { StreamGap } from '../../shared/stream-items.ts';

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

  /** Lets go of items that were erased. Their runs go on waiting, also without any: each has an end to be told. */
  erased(gap: StreamGap['data']): void {
    for (const [run, { items }] of this.#runs) {
      const left = items.filter(({ item, cursor }) => !isErased({ ...item, cursor }, gap));
      if (left.length === items.length) continue;
      this.#begin(run); // in its place
      for (const waiting of left) this.add(run, waiting);
    }
  }

  /** Takes out what waits of the run that was first; undefined where none waits. */
  next(): { readonly run: string; readonly items: readonly WaitingItem[] } | undefined {
    const [first] = this.#runs;
    if (!first) return undefined;
    const [run, { items }] = first;
    this.#runs.delete(run);
    return { run, items };
  }

  #begin(run: string): WaitingRun {
    const begun = { items: [], grown: new Map() };
    this.#runs.set(run, begun);
    return begun;
  }
}
