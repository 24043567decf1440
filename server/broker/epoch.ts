import { createHash, randomBytes } from 'node:crypto';

/** A name for a new incarnation of a log: 12 hex digits, so that two never meet by chance [D1]. */
export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}

/**
 * A topic's epoch, made of that of all its broker's topics: it has one before it has a record, without being
 * remembered for it, and no position of one topic means anything in another.
 */
export function topicEpoch(epoch: string, topic: string): string {
  return createHash('sha256').update(`${epoch} ${topic}`).digest('hex').slice(0, 12);
}

/** Topics that are told apart when their epochs are renewed: more share one. */
const SLOTS = 4096;

/**
 * The epochs of topics that are not remembered. One that held records and is forgotten must not be given its epoch again,
 * or its cursors would name other records. So that nothing grows with the names that were forgotten, each renews the
 * epochs of one in 4096 of all names: those that were never published to among them have a new one too, and whoever was at
 * their beginning is told a gap in which nothing was.
 */
export class TopicEpochs {
  readonly #epoch: string;
  readonly #renewals: Map<number, number>;

  /** @param renewals those there were before, by slot */
  constructor(epoch: string, renewals: ReadonlyMap<number, number> = new Map()) {
    this.#epoch = epoch;
    this.#renewals = new Map(renewals);
  }

  of(topic: string): string {
    const renewals = this.#renewals.get(slotOf(topic));
    return topicEpoch(renewals === undefined ? this.#epoch : `${this.#epoch} ${renewals}`, topic);
  }

  /** Gives a topic that is forgotten another epoch. */
  renew(topic: string): void {
    const slot = slotOf(topic);
    this.#renewals.set(slot, (this.#renewals.get(slot) ?? 0) + 1);
  }
}

function slotOf(topic: string): number {
  return createHash('sha256').update(topic).digest().readUInt16BE() % SLOTS;
}
