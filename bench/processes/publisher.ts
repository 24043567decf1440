import { expose } from '../harness/rpc.ts';
import { type PeerName, peers } from '../peers/registry.ts';
import { type Amount, EventSource } from './publish.ts';

/** Options of a process that publishes over a connection. */
export interface PublisherOptions {
  readonly peer: PeerName;
  readonly url: string;
}

const { peer, url } = JSON.parse(process.argv[2] ?? '') as PublisherOptions;
const publish = await (await peers[peer]()).connectPublisher?.(url);
if (!publish) throw new TypeError(`nobody publishes to ${peer} over a connection`);
const source = new EventSource(publish);

const commands = {
  publish: (amount: Amount) => source.publish(amount),
};

export type PublisherCommands = typeof commands;
expose(commands);
