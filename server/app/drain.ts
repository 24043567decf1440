import type { Server } from 'node:http';
import type { AnyTRPCRouter } from '@trpc/server';
import type { Broadcaster } from '../broadcaster/broadcaster.ts';
import type { OpenRequests } from './http/node/requests.ts';
import type { Readiness } from './http/readiness.ts';

/** Ms that the last clients have to move after they were asked, and calls in flight to be answered. */
const GRACE_MS = 2_000;

export interface ServerDrainOptions {
  server: Server;
  broadcaster: Broadcaster<AnyTRPCRouter>;
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
  broadcaster,
  requests,
  readiness,
  drainMs,
}: ServerDrainOptions): Promise<void> {
  const graceMs = Math.min(GRACE_MS, drainMs);
  const tooLate = setTimeout(() => server.closeAllConnections(), drainMs + graceMs);
  readiness.close();
  const alongside = { acts: requests.streamCuts, isOver: () => requests.streamCuts.length === 0 };
  await broadcaster.drain({ overMs: drainMs, graceMs, alongside });
  for (const cut of requests.streamCuts) cut(); // those that came meanwhile
  const closed = new Promise((resolve) => server.close(resolve)); // takes no connections any more
  await requests.ended();
  server.closeAllConnections(); // those that say nothing
  await closed;
  await broadcaster.close();
  clearTimeout(tooLate);
}
