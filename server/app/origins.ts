import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may use the server: browsers name the page's origin, and it must be the server's own or an
 * allowed one. What is not a browser names none.
 */
export function isAllowedOrigin({ headers }: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
