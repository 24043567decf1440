import { expose } from '../harness/rpc.ts';
import type { ServerOptions } from '../peers/peer.ts';
import { type PeerName, peers } from '../peers/registry.ts';
import { type Amount, EventSource } from './publish.ts';

/** Options of a server process. */
export interface ServerProcessOptions extends ServerOptions {
  readonly peer: PeerName;
}

const options = JSON.parse(process.argv[2] ?? '') as ServerProcessOptions;
const peer = await peers[options.peer]();
const server = await peer.serve(options);
const source = new EventSource((event) => server.publish(event));
let cpuStart = process.cpuUsage();

const commands = {
  url: () => server.url,
  subscribers: () => server.subscribers(),
  publish: (amount: Amount) => source.publish(amount),
  /** Publishes one event; what the peer answered. */
  publishOne: () => source.publishOne(),
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
