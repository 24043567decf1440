import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundle } from '../../setup/bundle.ts';
import type { WriterNews } from './writer-process.ts';
import type { Told, WritersOptions, Writing } from './writers.ts';

/** Writers in a process of their own, which can be killed. */
export interface WriterChild extends Writing {
  /** SIGKILL: their events are left open. */
  kill(): Promise<void>;
}

/** Starts writers in a process that dies with its test. */
export function startWriterChild(options: WritersOptions): WriterChild {
  const child = fork(bundle(join(import.meta.dirname, 'writer-process.ts')), [JSON.stringify(options)]);
  const exited = once(child, 'exit');
  const told: Told[] = [];
  const state = { pieces: 0, resumed: 0, lost: 0, errors: [] as readonly string[] };
  const done = new Promise<void>((resolve) => {
    child.on('message', ({ told: more, isDone, ...news }: WriterNews) => {
      told.push(...more);
      Object.assign(state, news);
      if (isDone) resolve();
    });
  });
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  return Object.assign(state, {
    told,
    async stop() {
      child.send('stop');
      const ended = exited.then(([code]) => Promise.reject(new Error(`the writers ended with ${code}`)));
      await Promise.race([done, ended]);
    },
    kill,
    [Symbol.asyncDispose]: kill,
  });
}
