import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundle } from '../../setup/bundle.ts';
import type { NodeProcessOptions } from './node-process.ts';

/** A node in a process of its own. */
export interface OpenNode extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Its exit code, or the signal that ended it, once it has ended. */
  readonly ended: Promise<number | string | null>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** As an operator does: asks it to stop, and waits until it is gone. @returns its exit code */
  stop(): Promise<number | string | null>;
}

/** Starts a node, which dies with its test. */
export async function startOpenNode(options: NodeProcessOptions): Promise<OpenNode> {
  const program = bundle(join(import.meta.dirname, 'node-process.ts'));
  const child = fork(program, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const failed = ended.then((how) => Promise.reject(new Error(`the node ended with ${how}`)));
  failed.catch(() => {}); // it is raced
  const [port] = await Promise.race([once(child, 'message'), failed]);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return await ended;
  };
  const kill = async () => void (await end('SIGKILL'));
  return {
    port,
    url: `ws://127.0.0.1:${port}/trpc`,
    ended,
    kill,
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: kill,
  };
}
