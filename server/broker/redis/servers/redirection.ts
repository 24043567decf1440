import { isReply } from './connection.ts';
import { SLOTS } from './key-slot.ts';

/** A server's answer that sends a command elsewhere. */
export type Redirection =
  /** Another server has the slot. */
  | { kind: 'moved'; slot: number; server: string }
  /** Another server is about to have the slot, and has this key already. */
  | { kind: 'ask'; server: string }
  /** Keys are between two servers, or the Cluster is not whole. */
  | { kind: 'wait' }
  /** Nobody else would say otherwise. */
  | { kind: 'refused' };

/** Null if it is no answer of a server at all. */
export function redirectionIn(error: unknown): Redirection | null {
  if (!isReply(error)) return null;
  const [kind, slotText, server = ''] = error.message.split(' ');
  const slot = Number(slotText);
  const names = /^.+:\d+$/.test(server) && Number.isInteger(slot) && slot >= 0 && slot < SLOTS;
  if (kind === 'MOVED' && names) return { kind: 'moved', slot, server };
  if (kind === 'ASK' && names) return { kind: 'ask', server };
  const passing = ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'LOADING'];
  return { kind: passing.includes(kind ?? '') ? 'wait' : 'refused' };
}
