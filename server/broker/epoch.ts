import { createHash, randomBytes } from 'node:crypto';

/** Names a new incarnation of a log: 12 random hex digits, so that no two are equal by chance [D1]. */
export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}

/**
 * A topic's epoch, derived from its broker's epoch. So a topic has one before its first record, without being remembered,
 * and a position of one topic is invalid in every other.
 */
export function topicEpoch(epoch: string, topic: string): string {
  return createHash('sha256').update(`${epoch} ${topic}`).digest('hex').slice(0, 12);
}

/** Number of slots. Topics are hashed to slots, and those of one slot have their epochs renewed together. */
const SLOTS = 4096;

/**
 * Epochs of topics that are not remembered. A topic that held records and is forgotten must never get its old epoch again:
 * old cursors would name other records. Memory must not grow with the number of forgotten names, so forgetting a topic
 * renews the epochs of its slot, which one in 4096 names shares. Topics of that slot that were never published to get a new
 * epoch too: a subscriber at their beginning is told of a gap, although nothing was lost.
 */
export class TopicEpochs {
  readonly #epoch: string;
  readonly #renewals: Map<number, number>;

  /** @param renewals counts of renewals so far, by slot */
  constructor(epoch: string, renewals: ReadonlyMap<number, number> = new Map()) {
    this.#epoch = epoch;
    this.#renewals = new Map(renewals);
  }

  /** @param renewals the slot's count when the topic was first published to. Default: the count now */
  of(topic: string, renewals: number = this.renewalsOf(topic)): string {
    return topicEpoch(renewals === 0 ? this.#epoch : `${this.#epoch} ${renewals}`, topic);
  }

  /** The count of renewals of a topic's slot. */
  renewalsOf(topic: string): number {
    return this.#renewals.get(epochSlot(topic)) ?? 0;
  }

  /** Gives a forgotten topic, and its slot, another epoch. */
  renew(topic: string): void {
    this.#renewals.set(epochSlot(topic), this.renewalsOf(topic) + 1);
  }
}

/** The slot of a topic's name, 0 to 4095. */
export function epochSlot(topic: string): number {
  return createHash('sha256').update(topic).digest().readUInt16BE() % SLOTS;
}
