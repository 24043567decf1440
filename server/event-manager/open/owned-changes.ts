import { EventsError } from '../../../shared/errors.ts';
import { JoinedChanges } from '../../../shared/open/joined-changes.ts';
import type { Clock } from '../../../shared/timing.ts';
import type { Owner } from '../../broker/open/open-events.ts';

/** A change that its caller waits for. */
export interface Change<T, R> {
  readonly value: T;
  readonly resolve: (answer: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Changes of one event by one owner. */
interface OfOwner<T, R> {
  readonly joined: JoinedChanges<Change<T, R>[]>;
  /** Characters that wait. */
  chars: number;
}

/**
 * Changes of open events on their way to the broker: those of one event by one owner are joined for 50 ms [O11], and each
 * caller has its own answer. Owners are apart: nobody's change waits for, or is judged with, that of an impostor.
 */
export class OwnedChanges<T, R> {
  readonly #clock: Clock;
  readonly #send: (topic: string, owner: Owner, changes: readonly Change<T, R>[]) => Promise<void>;
  readonly #maxChars: number;
  readonly #owners = new Map<string, OfOwner<T, R>>();

  /**
   * @param maxChars characters that may wait for one event
   * @param send answers each change, and never rejects
   */
  constructor(
    clock: Clock,
    maxChars: number,
    send: (topic: string, owner: Owner, changes: readonly Change<T, R>[]) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#maxChars = maxChars;
    this.#send = send;
  }

  /** Owners with a change that waits, or was sent just now. */
  get size(): number {
    return this.#owners.size;
  }

  /** @throws EventsError OVERLOADED when more waits than may; and what it is answered with */
  add(topic: string, owner: Owner, value: T, chars: number): Promise<R> {
    const ofOwner = this.#of(topic, owner);
    if (ofOwner.chars > 0 && ofOwner.chars + chars > this.#maxChars) return Promise.reject(overloaded());
    ofOwner.chars += chars;
    return new Promise((resolve, reject) => {
      const sent = ofOwner.joined.add([{ value, resolve, reject }]);
      void sent.then(() => {
        ofOwner.chars -= chars;
      });
    });
  }

  /** Resolves once all that waited was sent. */
  async flush(topic: string, owner: Owner): Promise<void> {
    await this.#owners.get(nameOf(topic, owner))?.joined.flush();
  }

  /** Sends what waits, at once. Resolves once all was answered. */
  async flushAll(): Promise<void> {
    await Promise.all([...this.#owners.values()].map(({ joined }) => joined.flush()));
  }

  #of(topic: string, owner: Owner): OfOwner<T, R> {
    const name = nameOf(topic, owner);
    let found = this.#owners.get(name);
    if (!found) {
      const send = (changes: readonly Change<T, R>[]) => this.#send(topic, owner, changes);
      const options = { onIdle: () => this.#owners.delete(name) };
      found = { joined: new JoinedChanges(this.#clock, join<Change<T, R>>, send, options), chars: 0 };
      this.#owners.set(name, found);
    }
    return found;
  }
}

/** Adds to the list that waits, which is nobody else's. */
function join<T>(waiting: T[] | undefined, added: T[]): T[] {
  waiting?.push(...added);
  return waiting ?? added;
}

function nameOf(topic: string, { id, key, by }: Owner): string {
  return JSON.stringify([topic, id, key, by]);
}

function overloaded(): EventsError {
  return new EventsError(
    'OVERLOADED',
    'More text waits to be appended to this event than it may have. Nothing of this was appended: wait for the answers before.',
  );
}
