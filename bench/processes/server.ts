import { expose } from '../harness/rpc.ts';
import type { ServerOptions } from '../peers/peer.ts';
import { type PeerName, peers } from '../peers/registry.ts';
import { type Pace, publishEvents } from './publish.ts';

/** What a server process is started with. */
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
  /** Starts the CPU clock and publishes. When each event was handed over, and how long all of them took to be accepted. */
  publish: async ({ count, pace }: { count: number; pace: Pace }) => {
    const first = published;
    published += count;
    const start = performance.now();
    cpuStart = process.cpuUsage();
    const sentAt = await publishEvents(server, first, count, pace);
    return { sentAt, elapsedMs: performance.now() - start };
  },
  /** CPU time since the last publish began, in microseconds. */
  cpuMicros: () => {
    const { user, system } = process.cpuUsage(cpuStart);
    return user + system;
  },
  /** Resident bytes, after the garbage is gone. */
  residentBytes: () => {
    globalThis.gc?.();
    globalThis.gc?.();
    return process.memoryUsage.rss();
  },
};

export type ServerCommands = typeof commands;
expose(commands);
