import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle } from '../setup/bundle.ts';
import type { FuzzServerKind, FuzzServerState } from './fuzz-server.ts';
import { TIGHT_HEAP } from './server-child.ts';

/** All that is held is little, so that little is enough. */
const TIGHT = [...TIGHT_HEAP, '--max-old-space-size=192'];

/** A server of the fuzz, as a process that ends with its test. */
export interface Child extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  state(): Promise<FuzzServerState>;
}

/** Starts one of the servers of the fuzz. */
export async function startFuzzChild(kind: FuzzServerKind): Promise<Child> {
  const child: ChildProcess = fork(bundle(join(import.meta.dirname, 'fuzz-server.ts')), [kind], {
    execArgv: ['--expose-gc', ...TIGHT],
    stdio: ['ignore', 'inherit', kind === 'stock' ? 'ignore' : 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  exited.catch(() => {});
  const told = async (): Promise<FuzzServerState> => {
    const ended = exited.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
    return (await Promise.race([once(child, 'message'), ended]))[0];
  };
  const { port } = await told();
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async state() {
      if (!child.connected) throw new Error('the server ended');
      child.send('state', () => {}); // that it ended meanwhile, "exit" tells
      return told();
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.kill('SIGKILL')) await exited;
    },
  };
}

/** Resident memory of a process; 0 once it has ended. */
function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Ticks of Linux's clock of CPU time in a second, on every machine. */
const TICKS = 100;

/** CPU time that a process has had, in ms; 0 once it has ended. */
function cpuMs(pid: number): number {
  try {
    // Its name, in brackets, may hold spaces; then come its state and numbers, of which two are the time in it and in the system.
    const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return ((Number(fields[10]) + Number(fields[11])) * 1000) / TICKS;
  } catch {
    return 0;
  }
}

/** Figures of a server, seen from outside while it is watched. */
export interface Watch {
  /** The longest that an answer took, or has taken so far, of the server's CPU time: a machine that is late makes none of it. */
  readonly worstMs: number;
  readonly peakBytes: number;
  stop(): Promise<void>;
}

/** Asks a server for its health again and again, and the system for its memory. */
export function watch({ url, pid }: Child): Watch {
  let stopped = false;
  let worstMs = 0;
  let peakBytes = 0;
  let since = cpuMs(pid);
  let isAsking = false;
  const asking = (async () => {
    while (!stopped) {
      since = cpuMs(pid);
      isAsking = true;
      await fetch(`${url}/healthz`).then(
        (answer) => answer.text(),
        () => {},
      );
      isAsking = false;
      worstMs = Math.max(worstMs, cpuMs(pid) - since);
      peakBytes = Math.max(peakBytes, residentBytes(pid));
      await sleep(10);
    }
  })();
  return {
    get worstMs() {
      return isAsking ? Math.max(worstMs, cpuMs(pid) - since) : worstMs;
    },
    get peakBytes() {
      return peakBytes;
    },
    stop() {
      stopped = true;
      return asking;
    },
  };
}
