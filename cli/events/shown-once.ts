/** An item that may be shown. */
interface Shown {
  event_type: string;
  data?: unknown;
  open?: { id: string; kind: string; state: string } | undefined;
}

/** Events that grow, as a terminal shows them: at the opening and at the settlement, not at each growth. */
export class ShownOnce {
  readonly #growing = new Set<string>();

  /** Tells if an item is news; a change straight from Redis that appends text is none. */
  isNews(item: Shown): boolean {
    const { open } = item;
    if (open?.kind !== 'growing')
      return !(item.event_type === 'stream_update' && 'text' in Object(item.data));
    if (open.state !== 'open') {
      this.#growing.delete(open.id);
      return true;
    }
    if (this.#growing.has(open.id)) return false;
    this.#growing.add(open.id);
    return true;
  }
}
