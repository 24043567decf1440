import { createClient } from '../../client/index.ts';
import { expose } from '../harness/rpc.ts';
import { openCatalog } from '../peers/open.ts';

/** Options of the process of a topic's members. */
export interface MembersOptions {
  readonly url: string;
  readonly topic: string;
}

/** Calls that are made at a time. */
const AT_ONCE = 100;

const { url, topic } = JSON.parse(process.argv[2] ?? '') as MembersOptions;
const client = createClient({ url, catalog: openCatalog });
const members: Awaited<ReturnType<typeof client.join>>[] = [];

async function inTurns(count: number, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

const commands = {
  /** More members, over one connection: each has a lease that it renews by itself. */
  join: (count: number) =>
    inTurns(count, async (n) => {
      members.push(await client.join('viewer', { name: `Member ${1_000_000 + n}` }, { topic }));
    }),
  /** The first `count` have other data from now on. */
  update: (count: number) =>
    inTurns(count, async (n) => members[n]?.update({ name: `Changed ${1_000_000 + n}` })),
};

export type MembersCommands = typeof commands;
expose(commands);
