import { randomBytes } from 'node:crypto';

/** A name for a new incarnation of a log: 12 hex digits, so that two never meet by chance [D1]. */
export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}
