import type { Item } from './adapter.ts';

type Data = Record<string, unknown>;
interface Held {
  item: Item & { readonly open: NonNullable<Item['open']> };
  isTold: boolean;
}

/** Makes whole events of what a stream tells of open ones, as docs/clients.md says. */
export class WholeEvents {
  readonly #held = new Map<string, Held>();
  readonly #isBroken: boolean;

  /** @param isBroken takes each piece of text twice, wherever it belongs: the runner must find it */
  constructor(isBroken: boolean) {
    this.#isBroken = isBroken;
  }

  /** The connection was lost: what is open will be told anew, up to `stream_synced`. */
  restart(): void {
    for (const held of this.#held.values()) held.isTold = false;
  }

  /** The items to tell for one that came. */
  take(item: Item): Item[] {
    const data = item.data as Data;
    if (item.event_type === 'stream_update') return this.#update(data);
    if (item.event_type === 'stream_synced') return [...this.#lose(({ isTold }) => !isTold), item];
    if (data['reason'] === 'epoch_changed') return [item, ...this.#lose(() => true)];
    if (Array.isArray(data['open'])) for (const id of data['open']) this.#held.delete(id); // erased
    const { open } = item;
    if (open?.state === 'open') this.#held.set(open.id, { item: { ...item, open }, isTold: true });
    else if (open) this.#held.delete(open.id);
    return [item];
  }

  #update({ id, at, text, data, state }: Data): Item[] {
    const held = this.#held.get(String(id));
    if (!held) return [];
    const { item } = held;
    if (typeof state === 'string') return this.#lose((other) => other === held, state);
    const { field = '' } = item.open;
    const before = (item.data as Data)[field];
    const pieces = this.#isBroken ? `${text}${text}` : text;
    if (typeof text === 'string' && !this.#isBroken && String(before).length !== at) return [];
    held.item = {
      ...item,
      data: typeof text === 'string' ? { ...(item.data as Data), [field]: `${before}${pieces}` } : data,
    };
    return [held.item];
  }

  #lose(isLost: (held: Held) => boolean, state = 'lost'): Item[] {
    const lost = [...this.#held.values()].filter(isLost);
    for (const { item } of lost) this.#held.delete(item.open.id);
    return lost.map(({ item }) => ({ ...item, open: { ...item.open, state } }));
  }
}
