import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { run } from './command.ts';

const DIST = join(import.meta.dirname, '../../dist');
const MAIN = join(DIST, 'cli/main.js');
const RUNS = 3;
/** Writes what the process used, in µs, as it ends. */
const METER = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();process.stderr.write('cpu:'+(user+system))})`;

/** CPU time of a process, user and system, in ms: the median of some runs. */
function cpuMs(args: readonly string[]): number {
  const times = Array.from({ length: RUNS }, () => {
    const { stderr } = spawnSync(process.execPath, ['--import', METER, ...args], { encoding: 'utf8' });
    return Number(/cpu:(\d+)/.exec(stderr)?.[1]) / 1000;
  });
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN;
}

// An empty Node takes 50 ms of CPU where 120 ms more are allowed; on a slower machine both take longer.
const ALLOWED = 120 / 50;

test('--help and --version use little more CPU than an empty Node process', { timeout: 120_000 }, () => {
  const empty = cpuMs(['-e', '0']);
  for (const args of [['--help'], ['--version'], ['publish', '--help'], ['completion', 'bash']])
    expect((cpuMs([MAIN, ...args]) - empty) / empty, args.join(' ')).toBeLessThan(ALLOWED);
  // Control: what serve loads takes far more.
  expect((cpuMs([join(DIST, 'server/index.js')]) - empty) / empty).toBeGreaterThan(ALLOWED);
});

test('--version prints the version of the package', { timeout: 60_000 }, async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
});
