import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../test/setup/redis-server.ts';
import { median, short } from '../../harness/stats.ts';
import { atMost, type RowGroup } from '../section.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CLI = join(ROOT, 'dist/cli/main.js');
const run = promisify(execFile);
/** Ms in which `npm start` must serve. */
const DEADLINE_MS = 60_000;

/** Start of the commands. */
export const commands: RowGroup = {
  name: 'commands',
  async run({ quick }) {
    const rounds = quick ? 3 : 11;
    await run(process.execPath, [join(ROOT, 'scripts/build-if-changed.mjs')]);
    const figures = { empty: [] as number[], help: [] as number[], version: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      figures.empty.push(await cpuMs(['--eval', '']));
      figures.help.push(await cpuMs([CLI, '--help']));
      figures.version.push(await cpuMs([CLI, '--version']));
    }
    const [empty, help, version] = [figures.empty, figures.help, figures.version].map(median);
    const startMs: number[] = [];
    for (let round = 0; round < 3; round++) startMs.push(await timeToServe());
    const row = (name: string, value = Number.NaN) => [name, short(value)];
    return {
      title: 'Start of the commands',
      setting: `CPU of \`psyche-events --help\` and \`--version\`, all threads, median of ${rounds}; and \`npm start\` where nothing has changed since the last one, from its call until \`/healthz\` answers, median of 3.`,
      tables: [
        [
          ['', 'CPU ms'],
          row('an empty node', empty),
          row('psyche-events --help', help),
          row('psyche-events --version', version),
        ],
        [['', 'ms'], row('npm start', median(startMs))],
      ],
      bars: [
        atMost('--help, above an empty node', (help ?? 0) - (empty ?? 0), 120, 'ms'),
        atMost('--version, above an empty node', (version ?? 0) - (empty ?? 0), 120, 'ms'),
        atMost('npm start again', median(startMs), 2000, 'ms'),
      ],
    };
  },
};

/** CPU in ms of a process of Node and all its threads, as the shell that waits for it says. */
async function cpuMs(args: readonly string[]): Promise<number> {
  const { stdout } = await run('sh', ['-c', '"$0" "$@" > /dev/null && times', process.execPath, ...args]);
  const children = stdout.trim().split('\n').at(-1) ?? '';
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => 60 * Number(minutes) + Number(rest),
  );
  if (seconds.length !== 2) throw new Error(`times said ${stdout}`);
  return 1000 * seconds.reduce((sum, part) => sum + part, 0);
}

/** Ms from the call of `npm start` until it serves. */
async function timeToServe(): Promise<number> {
  const port = await freePort();
  const start = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), SIMULATION: 'off' },
    stdio: 'ignore',
    detached: true, // npm starts a shell, which starts the server: all of them are stopped
  });
  const gone = once(child, 'exit');
  try {
    while (!(await isServed(port))) {
      if (performance.now() - start > DEADLINE_MS) throw new Error('npm start does not serve');
      await delay(10);
    }
    return performance.now() - start;
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await gone;
  }
}

async function isServed(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
  } catch {
    return false;
  }
}
