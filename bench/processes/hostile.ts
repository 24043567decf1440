import { HOSTILE_KINDS, HostileClient, type HostileName } from '../client/hostile.ts';
import { expose } from '../harness/rpc.ts';

/** Options of the process with the hostile clients. */
export interface HostileOptions {
  readonly url: string;
  readonly kind: HostileName;
}

const { url, kind } = JSON.parse(process.argv[2] ?? '') as HostileOptions;
const port = Number(new URL(url).port);
let clients: HostileClient[] = [];

const commands = {
  start: (count: number) => {
    clients = Array.from({ length: count }, () => new HostileClient(port, HOSTILE_KINDS[kind]));
  },
  stop: () => {
    for (const client of clients) client.stop();
  },
};

export type HostileCommands = typeof commands;
expose(commands);
