import { agentMessage } from '../events.ts';
import { expose } from '../harness/rpc.ts';
import type { ServerOptions } from '../peers/peer.ts';
import { type PeerName, peers } from '../peers/registry.ts';
import { type Pace, publishEvents } from './publish.ts';

/** Options of a server process. */
export interface ServerProcessOptions extends ServerOptions {
  readonly peer: PeerName;
}

const options = JSON.parse(process.argv[2] ?? '') as ServerProcessOptions;
const peer = await peers[options.peer]();
const server = await peer.serve(options);
let published = 0;
let cpuStart = process.cpuUsage();

const commands = {
  url: () => server.url,
  subscribers: () => server.subscribers(),
  /** When each event was handed over, and how long it took until all of them were accepted. */
  publish: async ({ count, pace }: { count: number; pace: Pace }) => {
    const first = published;
    published += count;
    const start = performance.now();
    const sentAt = await publishEvents(server, first, count, pace);
    return { sentAt, elapsedMs: performance.now() - start };
  },
  /** Publishes one event; what the peer answered. */
  publishOne: () => server.publish(agentMessage(published++)),
  startCpuClock: () => {
    cpuStart = process.cpuUsage();
  },
  /** CPU time since that clock was started, in microseconds. */
  cpuMicros: () => process.cpuUsage(cpuStart),
  /** Resident bytes, after the garbage is gone. */
  residentBytes: () => {
    globalThis.gc?.();
    globalThis.gc?.();
    return process.memoryUsage.rss();
  },
};

export type ServerCommands = typeof commands;
expose(commands);
