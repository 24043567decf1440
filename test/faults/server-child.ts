import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundle } from '../setup/bundle.ts';
import type { ServerProcessOptions, ServerProcessState } from './server-process.ts';

/** For Node, of a process whose memory is measured: V8 lets a heap grow with the work, far beyond what is held. */
export const TIGHT_HEAP = ['--max-semi-space-size=4'];

export interface ServerChild extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  /** Rejects when the process has ended. */
  state(): Promise<ServerProcessState>;
}

/** Starts {@link ServerProcessOptions} as a process that dies with its test. @param flags further ones for Node */
export async function startServerChild(
  options: ServerProcessOptions,
  flags: readonly string[] = [],
): Promise<ServerChild> {
  const child = fork(bundle(join(import.meta.dirname, 'server-process.ts')), [JSON.stringify(options)], {
    execArgv: ['--expose-gc', ...flags],
    stdio: ['ignore', 'inherit', options.adapter === 'stock' ? 'ignore' : 'inherit', 'ipc'], // a control may fall
  });
  const exited = once(child, 'exit');
  exited.catch(() => {});
  const told = async (): Promise<ServerProcessState> => {
    const ended = exited.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
    const [state] = await Promise.race([once(child, 'message'), ended]);
    return state;
  };
  const { port } = await told();
  return {
    child,
    port,
    url: `http://127.0.0.1:${port}`,
    state() {
      if (child.exitCode !== null)
        return Promise.reject(new Error(`the server ended with ${child.exitCode}`));
      child.send('state');
      return told();
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await exited;
    },
  };
}
