import type { Settlement } from '../../../shared/open/open-part.ts';
import { AgingMap } from '../../memory/aging-map.ts';

/** Settlements of a topic that are remembered at most; of more, the oldest go before their time. */
export const MAX_SETTLED = 1000;
/** Bytes in memory of one, beside its texts. */
const SETTLED_BYTES = 800;

/** An event that was settled lately. */
export interface SettledEvent {
  readonly settlement: Settlement;
  readonly type: string;
  /** Key and subject of its owner. */
  readonly key: string;
  readonly by: string | undefined;
  /** The cursor that its beginning was answered with. */
  readonly begun: string;
  /** Time at which it is forgotten, Unix ms. */
  readonly until: number;
  /** Characters of its answer, about. */
  readonly chars: number;
}

/** The settlements of a topic that are remembered. Those whose time is over are not found. */
export interface SettledEvents {
  byId(id: string, now: number): SettledEvent | undefined;
  byKey(type: string, key: string, now: number): SettledEvent | undefined;
  /** @param rev the set's revision then, greater than all before */
  add(event: SettledEvent, rev: number, now: number): void;
  delete(id: string): void;
}

/** Settlements that are remembered in memory. */
export class SettledInMemory implements SettledEvents {
  readonly #byId = new AgingMap<string, SettledEvent>();
  readonly #byKey = new Map<string, SettledEvent>();
  #bytes = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Estimate of the bytes that they take. */
  get bytes(): number {
    return this.#bytes;
  }

  byId(id: string, now: number): SettledEvent | undefined {
    return remembered(this.#byId.get(id), now);
  }

  byKey(type: string, key: string, now: number): SettledEvent | undefined {
    return remembered(this.#byKey.get(keyOf(type, key)), now);
  }

  add(event: SettledEvent, _rev: number, now: number): void {
    this.forget(now);
    this.#byId.set(event.settlement.id, event);
    this.#byKey.set(keyOf(event.type, event.key), event);
    this.#bytes += bytesOf(event);
    if (this.size > MAX_SETTLED) this.dropOldest();
  }

  /** Drops those whose time is over, as far as they are the oldest. */
  forget(now: number): void {
    for (let { oldest } = this.#byId; oldest && oldest.value.until <= now; { oldest } = this.#byId)
      this.dropOldest();
  }

  dropOldest(): void {
    const { oldest } = this.#byId;
    if (oldest) this.delete(oldest.key);
  }

  delete(id: string): void {
    const event = this.#byId.get(id);
    if (!event) return;
    this.#byId.delete(id);
    const key = keyOf(event.type, event.key);
    if (this.#byKey.get(key) === event) this.#byKey.delete(key);
    this.#bytes -= bytesOf(event);
  }
}

/** Text that tells the keys of all types apart. */
export function keyOf(type: string, key: string): string {
  return JSON.stringify([type, key]);
}

function remembered(event: SettledEvent | undefined, now: number): SettledEvent | undefined {
  return event && event.until > now ? event : undefined;
}

function bytesOf({ key, chars }: SettledEvent): number {
  return SETTLED_BYTES + key.length + chars;
}
