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
