import type { WebSocket } from 'ws';

/** A client that does not read does not answer a close either: it gets this long. */
const CLOSE_GRACE_MS = 1_000;

/** Closes a socket that is not to be waited for: tells the reason, and hangs up after a second. */
export function cut(ws: WebSocket, code: number, reason: string): void {
  ws.close(code, reason);
  const timer = setTimeout(() => ws.terminate(), CLOSE_GRACE_MS);
  ws.once('close', () => clearTimeout(timer));
}
