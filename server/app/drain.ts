import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenRequests } from './http/node/open-requests.ts';
import type { Readiness } from './http/readiness.ts';
import type { WebSockets } from './web-sockets.ts';

/** Ms that the last clients have to move after they were asked, and calls in flight to be answered. */
const GRACE_MS = 2_000;
/** Acts a second, unless there are more than fit into the time. */
const PER_SECOND = 200;
/** Ms between two looks at the clock. */
const STEP_MS = 20;

export interface DrainOptions {
  server: Server;
  webSockets: WebSockets;
  requests: OpenRequests;
  readiness: Readiness;
  /** Over how many ms clients are asked to move, at most; 0 closes everything at once. */
  drainMs: number;
}

/**
 * Takes a server out of service so that nobody notices: not ready, so that balancers send new clients elsewhere; no
 * new subscriptions; those there are move away one after another; calls in flight are answered. Then it closes,
 * `drainMs` and three seconds after it began at the latest, and as soon as nobody is left.
 */
export async function drain({
  server,
  webSockets,
  requests,
  readiness,
  drainMs,
}: DrainOptions): Promise<void> {
  const graceMs = Math.min(GRACE_MS, drainMs);
  const tooLate = setTimeout(() => server.closeAllConnections(), drainMs + graceMs);
  readiness.close();
  webSockets.refuse();
  const acts = [...webSockets.requestsToMove, ...requests.streamCuts];
  await inTurns(acts, drainMs, () => webSockets.size === 0 && requests.streamCuts.length === 0);
  await webSockets.close(graceMs);
  for (const cut of requests.streamCuts) cut(); // those that came meanwhile
  const closed = new Promise((resolve) => server.close(resolve)); // takes no connections any more
  await requests.ended();
  server.closeAllConnections(); // those that say nothing
  await closed;
  clearTimeout(tooLate);
}

/**
 * Does things one after another, spread over at most `mostMs`: a few are done within moments, and many do not fall on
 * the same moment. Each at a random one of its own share of the time, so that two processes do not keep step.
 * @param over whether there is no need to go on
 */
export async function inTurns(
  acts: readonly (() => void)[],
  mostMs: number,
  over: () => boolean = () => false,
): Promise<void> {
  const windowMs = Math.min(mostMs, (1000 * acts.length) / PER_SECOND);
  const due = acts.map((act, index) => ({ act, atMs: ((index + Math.random()) / acts.length) * windowMs }));
  const since = performance.now();
  for (let done = 0; done < due.length && !over(); ) {
    const passedMs = performance.now() - since;
    for (let next = due[done]; next && next.atMs <= passedMs; next = due[++done]) next.act();
    if (done < due.length) await sleep(STEP_MS);
  }
}
