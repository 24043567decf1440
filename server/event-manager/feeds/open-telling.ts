import type { Position } from '../../../shared/cursor.ts';
import type { KnownOpen, OpenView } from '../hubs/open/open-view.ts';
import type { Selector } from '../records/selector.ts';
import type { StreamRecord } from '../records/stream-record.ts';

/** Tells one subscriber of open events when it comes to live on a hub; a feed of a topic without any has none. */
export class OpenTelling {
  /** Its owner, see Selection.subject. */
  readonly subject: string | undefined;
  readonly #view: OpenView;
  /** Its knowledge when it left the hub; null where that is nothing, and while it is told all there is. */
  #known: KnownOpen | null = null;

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
  }

  /** Items that it lacks, in parts; one that was asked for counts as told [O3] [O6]. */
  *missing(selector: Selector, place: Position): Generator<readonly StreamRecord[], void, undefined> {
    for (const { items, known } of this.#view.tell(this.#known, selector, this.subject, place)) {
      this.#known = known;
      yield items;
    }
  }
}
