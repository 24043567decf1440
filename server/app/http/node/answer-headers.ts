import type { ServerResponse } from 'node:http';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../../../shared/protocol.ts';

/** Headers against browsers' misuse of an answer. Strict-Transport-Security is for who ends TLS to say. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // An answer that is no page may load nothing and be shown nowhere; the page has a policy of its own.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** On every answer, also those that no handler gives: {@link SECURITY_HEADERS} and the version of the protocol. */
export const ANSWER_HEADERS = { ...SECURITY_HEADERS, [PROTOCOL_HEADER]: PROTOCOL_VERSION } as const;

/** Puts {@link ANSWER_HEADERS} on an answer before it is written; they may be replaced. */
export function addAnswerHeaders(answer: ServerResponse): void {
  for (const [name, value] of Object.entries(ANSWER_HEADERS)) answer.setHeader(name, value);
}
