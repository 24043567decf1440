import type { WebSocket } from 'ws';

/** RFC 6455: against the policy of this endpoint. */
const POLICY_VIOLATION = 1008;

/**
 * Closes a socket on a path that this handler does not serve, unless another handler of the same server listens to it.
 * Its errors are none of ours, but without a listener they would end the process.
 */
export function turnAway(ws: WebSocket): void {
  ws.on('error', () => {});
  setImmediate(() => {
    if (ws.listenerCount('message') === 0) ws.close(POLICY_VIOLATION, 'not served here');
  });
}
