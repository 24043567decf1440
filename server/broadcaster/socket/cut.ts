import type { WebSocket } from 'ws';

/** A client that does not read does not answer a close either: it gets this long. */
const CLOSE_GRACE_MS = 1_000;
/** One that has said nothing yet is hardly going to answer: it gets this long. */
export const SILENT_GRACE_MS = 500;

const codes = new WeakMap<WebSocket, number>();

/** The code a socket was cut with; undefined if it was not. One that does not answer is closed without any. */
export function cutCode(ws: WebSocket): number | undefined {
  return codes.get(ws);
}

/** Closes a socket that is not to be waited for: tells the reason, and hangs up after a second or what is said. */
export function cut(ws: WebSocket, code: number, reason: string, graceMs = CLOSE_GRACE_MS): void {
  if (!codes.has(ws)) codes.set(ws, code);
  ws.close(code, reason);
  const timer = setTimeout(() => ws.terminate(), graceMs);
  ws.once('close', () => clearTimeout(timer));
}
