import type { Position } from '../../../shared/cursor.ts';
import type { StreamGap } from '../../../shared/stream-items.ts';
import type { KnownOpen, OpenView } from '../hubs/open/open-view.ts';
import type { Selector } from '../records/selector.ts';
import { decodeRecord, openPartOf, type StreamRecord } from '../records/stream-record.ts';

/** Tells one subscriber of open events when it comes to live on a hub; a feed of a topic without any has none. */
export class OpenTelling {
  /** Its owner, see Selection.subject. */
  readonly subject: string | undefined;
  readonly #view: OpenView;
  /** Its knowledge when it left the hub; null where that is nothing, and while it is told all there is. */
  #known: KnownOpen | null = null;
  /** Ids of events whose settlement, or erasing, it was handed since. */
  readonly #over = new Set<string>();

  constructor(view: OpenView, subject: string | undefined) {
    this.subject = subject;
    this.#view = view;
  }

  /** It leaves the hub. @param before without what is handed out now */
  left(before: boolean): void {
    this.#known = this.#view.known(before);
  }

  /** It lives on the hub, which tells it all from here on. */
  joined(): void {
    this.#known = null;
    this.#over.clear();
  }

  /** It is handed items from the log. */
  handed(items: readonly StreamRecord[]): void {
    if (this.#known === null) return; // it knows of none
    for (const item of items) for (const id of endsIn(item)) this.#over.add(id);
  }

  /** Items that it lacks, in parts, each to be handed over at once; one that was asked for counts as told [O3] [O6]. */
  *missing(reader: Selector, place: Position): Generator<readonly StreamRecord[], void, undefined> {
    const { subject } = this;
    const listener = { reader, subject, over: this.#over };
    for (const { items, known } of this.#view.tell(this.#known, listener, place)) {
      this.#known = known;
      yield items;
    }
  }
}

/** Ids of events that are over by an item. */
function endsIn(item: StreamRecord): readonly string[] {
  if (item.told) return [];
  if (item.type === 'stream_gap') return (decodeRecord(item) as StreamGap).data.open ?? [];
  const part = openPartOf(item);
  return part === undefined || part.state === 'open' ? [] : [part.id];
}
