import { createHash, timingSafeEqual } from 'node:crypto';
import { formatIssues, toIssues } from '../../../shared/errors.ts';
import { type Authenticate, requireToken, unauthenticated } from './authenticate.ts';
import { type Claims, type Subject, subjectIdSchema } from './subject.ts';

/** A key as a server knows it: by its hash. */
export interface ApiKey {
  /** The key's owner; several keys may share one, e.g. while they are replaced. */
  readonly id: string;
  /**
   * SHA-256 of the key, 64 hexadecimal digits. A fast hash will do because keys are random: at least 128 bits, e.g.
   * `openssl rand -hex 32`. It is no way to keep passwords.
   */
  readonly sha256: string;
  readonly claims: Claims;
}

/**
 * Takes the tokens that are one of these keys.
 * @throws TypeError when an id or a hash is none
 */
export function apiKeys(keys: readonly ApiKey[]): Authenticate {
  const known = keys.map(({ id, sha256, claims }): { hash: Buffer; subject: Subject } => {
    const { error } = subjectIdSchema.safeParse(id);
    if (error) throw new TypeError(`apiKeys: ${formatIssues(toIssues(error, ['id']))}`);
    if (!/^[0-9a-f]{64}$/i.test(sha256)) {
      throw new TypeError(`apiKeys: sha256 of ${id} must be 64 hexadecimal digits, the hash of the key`);
    }
    return { hash: Buffer.from(sha256, 'hex'), subject: { id, claims } };
  });
  return (credentials) => {
    const hash = createHash('sha256').update(requireToken(credentials)).digest();
    let found: Subject | undefined;
    // All are compared, each in constant time: how long it takes tells nothing about which one came close.
    for (const { hash: other, subject } of known) if (timingSafeEqual(hash, other)) found = subject;
    if (!found) throw unauthenticated('The token is not valid.');
    return found;
  };
}
