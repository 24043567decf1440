import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Remote, remote } from './rpc.ts';

/** Server processes run on one core and the process that counts on another, so that neither takes the other's time. */
export const Core = { SERVER: 0, CLIENT: 1 } as const;

const BUILT = join(import.meta.dirname, '../dist/bench/processes');

/** True where processes can be pinned here. Without it figures are noisier. */
export const canPin = availableParallelism() > 1 && hasTaskset();

/** A process of the bench, and what it can be asked. */
export interface Worker<C> extends AsyncDisposable {
  readonly pid: number;
  readonly ask: Remote<C>;
}

/** The command that runs `command` on a core only, where that is possible; on any with `null`. */
export function pinned(core: number | null, command: string, args: readonly string[]): [string, string[]] {
  return canPin && core !== null ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

/** A program that runs the compiled processes. */
interface Runtime {
  readonly command: string;
  readonly args: readonly string[];
  /** The form of messages that it and Node both know. */
  readonly serialization: 'advanced' | 'json';
}

const NODE: Runtime = { command: process.execPath, args: ['--expose-gc'], serialization: 'advanced' };

/** Bun: the one that `$BUN` names, or that is on the path. */
export const BUN: Runtime = { command: process.env['BUN'] ?? 'bun', args: [], serialization: 'json' };

/** The version of Bun, or null where there is none. */
export function bunVersion(): string | null {
  const { status, stdout } = spawnSync(BUN.command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Starts one of processes/, compiled, on a core of its own or with `null` on any; it ends with this process. */
export function startWorker<C extends object>(
  script: string,
  core: number | null,
  options: unknown,
  runtime = NODE,
): Worker<C> {
  const file = join(BUILT, `${script}.js`);
  const [command, args] = pinned(core, runtime.command, [...runtime.args, file, JSON.stringify(options)]);
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: runtime.serialization,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  return {
    pid: child.pid ?? 0,
    ask: remote<C>(child, `${script} ${JSON.stringify(options)}`),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/** Ends a child process and waits until it is gone. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
