import { Fleet } from '../client/fleet.ts';
import { expose } from '../harness/rpc.ts';
import { type PeerName, peers } from '../peers/registry.ts';

/** Options of the counting process. */
export interface ClientOptions {
  readonly peer: PeerName;
  readonly url: string;
  /** Topics to which events are published in turns. */
  readonly topics: number;
}

const { peer, url, topics } = JSON.parse(process.argv[2] ?? '') as ClientOptions;
const fleet = new Fleet(url, (await peers[peer]()).handshake, topics);

const commands = {
  open: ({ count, inputs, catchUp }: { count: number; inputs: readonly unknown[]; catchUp?: boolean }) =>
    fleet.open(count, inputs, catchUp),
  arm: (count: { events: number; timed?: boolean; connections?: number; sleeps?: boolean }) =>
    fleet.arm(count.events, count.timed ?? false, count.connections, count.sleeps),
  delivered: (events: number) => fleet.delivered(events),
  drained: () => fleet.drained(),
  latencies: ({ sentAt, quantiles }: { sentAt: Float64Array; quantiles: readonly number[] }) => {
    const sorted = fleet.latencies(sentAt);
    return quantiles.map(
      (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN,
    );
  },
};

export type ClientCommands = typeof commands;
expose(commands);
