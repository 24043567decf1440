import type { Authenticate } from './authenticate.ts';
import type { Claims } from './subject.ts';

const EVERYTHING: Claims = {
  publish: ['*'],
  subscribe: ['*'],
  topics: ['*', '_*'],
  stats: true,
  control: true,
};

/**
 * Takes everybody, without a token. @param claims default: everything is allowed
 */
export function anonymous(claims: Claims = EVERYTHING): Authenticate {
  const subject = { id: 'anonymous', claims };
  return () => subject;
}
