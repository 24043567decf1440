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

/** Slots of names: the topics of one have their epochs renewed together. */
const SLOTS = 4096;

/**
 * Epochs of topics that are not remembered. A topic that held records and is forgotten must never get its epoch again: its
 * old cursors would name other records. Nothing may grow with the names that were forgotten, so each of them renews the
 * epochs of one slot, which has one in 4096 of all names. Topics of that slot that were never published to get a new epoch
 * too: a subscriber at their beginning is told a gap, although nothing was lost.
 */
export class TopicEpochs {
  readonly #epoch: string;
  readonly #renewals: Map<number, number>;

  /** @param renewals the renewals so far, by slot */
  constructor(epoch: string, renewals: ReadonlyMap<number, number> = new Map()) {
    this.#epoch = epoch;
    this.#renewals = new Map(renewals);
  }

  /** @param renewals the renewals when the topic was first published to. Default: the renewals so far */
  of(topic: string, renewals: number = this.renewalsOf(topic)): string {
    return topicEpoch(renewals === 0 ? this.#epoch : `${this.#epoch} ${renewals}`, topic);
  }

  /** The number of renewals of a topic's epoch. */
  renewalsOf(topic: string): number {
    return this.#renewals.get(slotOf(topic)) ?? 0;
  }

  /** Gives a topic that is forgotten another epoch. */
  renew(topic: string): void {
    this.#renewals.set(slotOf(topic), this.renewalsOf(topic) + 1);
  }
}

/** A slot of names whose epochs are renewed together. */
export function slotOf(topic: string): number {
  return createHash('sha256').update(topic).digest().readUInt16BE() % SLOTS;
}
