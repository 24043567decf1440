import type { BegunKind, Settlement } from '../../../shared/open/open-part.ts';
import { AgingMap } from '../../memory/aging-map.ts';

/**
 * Settlements of a topic and a kind that are remembered at most; of more, the oldest go before their time. By kind, since
 * members who come and go must not have a question forgotten that was answered: it would be asked anew.
 */
export const MAX_SETTLED = 1000;
/** Bytes in memory of one, beside its texts. */
const SETTLED_BYTES = 800;

/** An event that was settled lately. */
export interface SettledEvent {
  readonly settlement: Settlement;
  readonly kind: BegunKind;
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
  /** In the order in which they are let go: members are soonest back by themselves, and a question is asked anew. */
  readonly #byId: Readonly<Record<BegunKind, AgingMap<string, SettledEvent>>> = {
    presence: new AgingMap(),
    growing: new AgingMap(),
    question: new AgingMap(),
  };
  readonly #byKey = new Map<string, SettledEvent>();
  #bytes = 0;

  get size(): number {
    return Object.values(this.#byId).reduce((sum, { size }) => sum + size, 0);
  }

  /** Estimate of the bytes that they take. */
  get bytes(): number {
    return this.#bytes;
  }

  byId(id: string, now: number): SettledEvent | undefined {
    return remembered(this.#found(id), now);
  }

  byKey(type: string, key: string, now: number): SettledEvent | undefined {
    return remembered(this.#byKey.get(keyOf(type, key)), now);
  }

  add(event: SettledEvent, _rev: number, now: number): void {
    this.forget(now);
    const ofKind = this.#byId[event.kind];
    ofKind.set(event.settlement.id, event);
    this.#byKey.set(keyOf(event.type, event.key), event);
    this.#bytes += bytesOf(event);
    if (ofKind.size > MAX_SETTLED) this.#dropOldest(ofKind);
  }

  /** Drops those whose time is over, as far as they are the oldest of their kind. */
  forget(now: number): void {
    for (const ofKind of Object.values(this.#byId))
      while (ofKind.oldest && ofKind.oldest.value.until <= now) this.#dropOldest(ofKind);
  }

  /** Drops one, to give memory back. */
  dropOldest(): void {
    const ofKind = Object.values(this.#byId).find(({ size }) => size > 0);
    if (ofKind) this.#dropOldest(ofKind);
  }

  delete(id: string): void {
    const event = this.#found(id);
    if (!event) return;
    this.#byId[event.kind].delete(id);
    const key = keyOf(event.type, event.key);
    if (this.#byKey.get(key) === event) this.#byKey.delete(key);
    this.#bytes -= bytesOf(event);
  }

  #dropOldest({ oldest }: AgingMap<string, SettledEvent>): void {
    if (oldest) this.delete(oldest.key);
  }

  #found(id: string): SettledEvent | undefined {
    for (const ofKind of Object.values(this.#byId)) {
      const event = ofKind.get(id);
      if (event) return event;
    }
    return undefined;
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
