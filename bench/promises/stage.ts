import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from '../../conformance/tcp-proxy.ts';
import { stop } from '../harness/process.ts';
import { type Remote, remote } from '../harness/rpc.ts';
import type { Follower } from './contender.ts';
import { contenders } from './contenders/registry.ts';
import type { ServerCommands, ServerOptions } from './server-process.ts';

/** A contender's server in a process of its own, behind a line that can be broken. */
export interface Stage extends AsyncDisposable {
  readonly server: Remote<ServerCommands>;
  readonly line: TcpProxy;
  /** A client of the contender, at the other end of the line. */
  follow(): Promise<Follower>;
}

/** Starts the server of a contender. */
export async function setStage(options: ServerOptions): Promise<Stage> {
  const child = fork(join(import.meta.dirname, 'server-process.ts'), [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx', '--expose-gc'],
    serialization: 'advanced',
  });
  const server = remote<ServerCommands>(child, options.contender);
  const line = await startTcpProxy(Number(new URL(await server.url()).port));
  const followers: Follower[] = [];
  return {
    server,
    line,
    async follow() {
      const follower = await contenders[options.contender].follow(`http://127.0.0.1:${line.port}`);
      followers.push(follower);
      return follower;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(followers.map((follower) => follower[Symbol.asyncDispose]()));
      await line[Symbol.asyncDispose]();
      await stop(child);
    },
  };
}

/** Waits until a follower has `count` events, or has got nothing more for `quietMs`. */
export async function settled(follower: Follower, count: number, quietMs = 6000): Promise<void> {
  let [before, since] = [-1, Date.now()];
  while (follower.numbers.length < count && Date.now() - since < quietMs) {
    if (follower.numbers.length !== before) [before, since] = [follower.numbers.length, Date.now()];
    await sleep(50);
  }
}

/** Events of a run of `count` that a follower did not get, and those it got again. */
export function faultsOf({ numbers }: Follower, count: number): { lost: number; repeated: number } {
  const distinct = new Set(numbers).size;
  return { lost: count - distinct, repeated: numbers.length - distinct };
}
