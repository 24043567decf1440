import { constants, setPriority } from 'node:os';
import { HOSTILE_KINDS, HostileClient, type HostileName } from '../client/hostile.ts';
import { expose } from '../harness/rpc.ts';

/** Options of the process with the hostile clients. */
export interface HostileOptions {
  readonly url: string;
  readonly kind: HostileName;
}

const { url, kind } = JSON.parse(process.argv[2] ?? '') as HostileOptions;
// The honest clients share this core, and would wait for these rather than for the server.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
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
