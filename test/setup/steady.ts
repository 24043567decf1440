import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * Runs the tests again and again, alone and beside busy loops, and tells the slowest files and every failure:
 *
 *   npm run test:steady                                        ten runs alone, three beside two busy loops
 *   npm run test:steady -- --alone 1 --beside 5 test/access    as many as that, of these files only
 *
 * Exits with 1 if a test failed. The whole output of each run is kept, and its place is told.
 */

const ROOT = join(import.meta.dirname, '../..');
const SLOWEST = 12;
/** It ends when we do, however that is. */
const BUSY_LOOP = 'const parent = process.ppid; for (let n = 0; n % 1e6 || process.ppid === parent; n++);';

/** A part of vitest's JSON report. */
interface Report {
  testResults: FileResult[];
}

interface FileResult {
  name: string;
  status: string;
  message: string;
  startTime: number;
  endTime: number;
  assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
}

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    alone: { type: 'string', default: '10' },
    beside: { type: 'string', default: '3' },
    loops: { type: 'string', default: '2' },
  },
});

const dir = await mkdtemp(join(tmpdir(), 'psyche-steady-'));
const secondsOf = new Map<string, number[]>();
const failures: string[] = [];

for (let run = 1; run <= Number(values.alone); run++) await runTests(`alone-${run}`);
const loops = Array.from({ length: Number(values.loops) }, () =>
  spawn(process.execPath, ['-e', BUSY_LOOP], { stdio: 'ignore' }),
);
for (let run = 1; run <= Number(values.beside); run++) await runTests(`beside-${run}`);

console.log(`\nThe slowest files, in seconds: median and longest`);
const slowest = [...secondsOf].map(([name, seconds]) => ({ name, seconds: seconds.sort((a, b) => a - b) }));
slowest.sort((a, b) => (b.seconds.at(-1) ?? 0) - (a.seconds.at(-1) ?? 0));
for (const { name, seconds } of slowest.slice(0, SLOWEST)) {
  const [median = 0, longest = 0] = [seconds[seconds.length >> 1], seconds.at(-1)];
  console.log(`${median.toFixed(1).padStart(8)} ${longest.toFixed(1).padStart(6)}  ${name}`);
}
console.log(failures.length === 0 ? '\nNothing failed.' : `\nFailed:\n${failures.join('\n')}`);
console.log(`The output of each run is in ${dir}`);
for (const loop of loops) loop.kill('SIGKILL');
process.exitCode = failures.length === 0 ? 0 : 1;

/** One run; tells how long it took, and remembers what failed. */
async function runTests(name: string): Promise<void> {
  const report = join(dir, `${name}.json`);
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const [since, cpuSince] = [performance.now(), await childrenCpuSeconds()];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...files], { cwd: ROOT });
  const log = createWriteStream(join(dir, `${name}.log`));
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  const [code] = await once(child, 'close');
  log.end();
  const seconds = (performance.now() - since) / 1000;
  const cpuSeconds = (await childrenCpuSeconds()) - cpuSince;

  const text = await readFile(report, 'utf8').catch(() => '{"testResults":[]}');
  const failed = note(JSON.parse(text) as Report);
  if (code !== 0 && failed.length === 0) failed.push(`the run itself: exit code ${code}`);
  failures.push(...failed.map((each) => `  ${name}: ${each}`));
  console.log(`${name}: ${seconds.toFixed(0)} s, ${cpuSeconds.toFixed(0)} s of CPU, ${failed.length} failed`);
  for (const each of failed) console.log(`  ${each}`);
}

/** Notes how long each file took. @returns each failure: its file, its name, and the first line of what was wrong */
function note({ testResults }: Report): string[] {
  return testResults.flatMap((file) => {
    const name = relative(ROOT, file.name);
    secondsOf.set(name, [...(secondsOf.get(name) ?? []), (file.endTime - file.startTime) / 1000]);
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    // A file that could not be loaded has no tests that could fail.
    if (failed.length === 0 && file.status === 'failed') return [`${name}: ${firstLine(file.message)}`];
    return failed.map(
      ({ fullName, failureMessages }) => `${name} > ${fullName}: ${firstLine(failureMessages[0])}`,
    );
  });
}

function firstLine(text = ''): string {
  return text.split('\n')[0] ?? '';
}

/** CPU time of all children that have ended, theirs too; 0 where the system does not tell. */
async function childrenCpuSeconds(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / 100; // ticks of 10 ms
}
