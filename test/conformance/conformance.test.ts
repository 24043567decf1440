import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { runConformance } from '../../cli/conformance.ts';
import { Surroundings } from '../../cli/surroundings.ts';
import { CAPABILITIES } from '../../conformance/messages.ts';
import type { ConformanceReport } from '../../conformance/run.ts';
import { run } from '../cli/command.ts';
import { runHere } from '../cli/here.ts';
import { bundle } from '../setup/bundle.ts';
import { others } from './in-page.ts';

const ROOT = join(import.meta.dirname, '../..');
const client = (file: string): string => `'${process.execPath}' '${bundle(join(ROOT, file))}'`;

/** @param runs the command, as a process or here */
async function conformance(
  runs: typeof run,
  cmd: string,
  ...more: string[]
): Promise<{ code: number | null; report: ConformanceReport }> {
  const { code, stdout, stderr } = await runs(['conformance', '--cmd', cmd, '--json', ...more]);
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) };
}

describe.concurrent('psyche-events conformance', { timeout: 300_000 }, () => {
  test.each(['ws', 'sse'])('our client passes every scenario, over %s', async (transport) => {
    const cmd = `${client('test/conformance/our-client.ts')} ${transport}`;
    const { code, report } = await conformance(run, cmd, '--timeout', '90');
    expect(others(report)).toEqual([]);
    expect(code).toBe(0);
    expect(report.passed).toBeGreaterThan(48);
  });

  test.each([
    [
      'a stock tRPC client',
      'test/conformance/stock-client.ts',
      ['keep-alive', 'sees-own', 'gives-up', 'gives-up', 'gives-up'],
    ],
    [
      'a client of a WebSocket and JSON',
      'examples/minimal-client.ts',
      ['superjson', 'history', 'sees-own', 'begins', 'begins', 'begins'],
    ],
  ])('%s passes every scenario for the capabilities that it claims', async (_, file, lacks) => {
    const { code, report } = await conformance(run, client(file), '--timeout', '90');
    expect(others(report).map((each) => each.replace(/^(skipped) .*: (.*)$/, '$1 $2'))).toEqual(
      lacks.map((capability) => `skipped ${capability}`),
    );
    expect(code).toBe(0);
  });

  test.each([
    ['loses', /"silent":3|Waited in vain for/],
    ['repeats', /"duplicated":[1-9]/],
  ])('control: a client that %s events when it reconnects fails', async (fault, why) => {
    const cmd = `${client('test/conformance/stock-client.ts')} ${fault}`;
    const { code, report } = await conformance(
      runHere,
      cmd,
      '--only',
      'sockets that are cut',
      '[D5]',
      '--timeout',
      '15',
    );
    expect(code).toBe(1);
    expect(report.outcomes.map(({ result }) => result)).toEqual(['passed', 'failed', 'failed']);
    expect(report.outcomes[1]?.why).toMatch(why);
  });

  test.each([
    ['takes a change twice', 'twice', ['failed', 'failed', 'failed']],
    ['skips what has a cursor that it has seen', 'skips', ['failed', 'passed', 'failed']],
  ])('control: a client that %s tells open events wrongly', async (_, fault, results) => {
    const cmd = `${client('test/conformance/stock-client.ts')} ${fault}`;
    const only = ['[O2]', '[O3] who joins late', '[O3] after a lost connection'];
    const { code, report } = await conformance(runHere, cmd, '--only', ...only, '--timeout', '15');
    expect(code).toBe(1);
    expect(report.outcomes.map(({ result }) => result)).toEqual(results);
    expect(report.outcomes[0]?.why).toMatch(
      /Waited in vain for|Texts that are not the beginning|The places of growths/,
    );
  });

  test('a client that ends while its answer is not waited for yet fails its scenario alone', async () => {
    const cmd = `${client('test/conformance/stock-client.ts')} dies`;
    const { code, report } = await conformance(runHere, cmd, '--only', 'no connection', 'idle topic');
    expect(code).toBe(1);
    expect(report.outcomes).toMatchObject([
      { scenario: expect.stringContaining('idle topic'), result: 'passed' },
      { result: 'failed', why: expect.stringContaining('it ended with code 3') },
    ]);
  });

  test.each([
    ['ends', 'exit 3', 'it ended with code 3'],
    ['answers something else', 'echo hello; cat', 'its first line is no hello: hello'],
    [
      'speaks another version',
      `echo '{"client":"x","protocol":9,"capabilities":[]}'; cat`,
      'speaks version 9',
    ],
    [
      'claims an unknown capability',
      `echo '{"client":"x","protocol":1,"capabilities":["magic"]}'; cat`,
      'no capability magic',
    ],
  ])('exits with code 1 and one line for a client that %s', async (_, cmd, words) => {
    const { code, stderr } = await runHere(['conformance', '--cmd', cmd]);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  test('exits with an error for --only with words that are in no scenario’s name', async () => {
    const { code, stderr } = await runHere(['conformance', '--cmd', 'true', '--only', 'nothing at all']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('No scenario') });
  });

  test('an interrupted run says how many scenarios were not run, and its exit code is 1', async () => {
    const stop = new AbortController();
    let printed = '';
    const stdout = new Writable({
      write(chunk, _encoding, done) {
        printed += chunk;
        stop.abort(); // at the first outcome
        done();
      },
    });
    const around = new Surroundings(
      { stdin: Readable.from([]), stdout, stderr: process.stderr },
      () => stop.signal,
    );
    const cmd = client('test/conformance/our-client.ts');
    // A timeout of a fraction of a millisecond more, which AbortSignal does not take.
    await runConformance({ cmd, only: ['[D5]'], timeout: 60.0001 }, around);
    expect(printed).toMatch(
      /^passed .*\n\npsyche-events: 1 passed, 0 failed, 0 skipped, [1-9]\d* not run\n$/,
    );
    expect(around.exitCode).toBe(1);
  });

  test.each(['0', '2147484'])('refuses a timeout of %s s, for which there is no timer', async (timeout) => {
    const { code, stderr } = await runHere(['conformance', '--cmd', 'true', '--timeout', timeout]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('Pass a') });
  });

  test('prints a table for people', async () => {
    const cmd = client('test/conformance/our-client.ts');
    const { stdout } = await runHere(['conformance', '--cmd', cmd, '--only', 'idle topic']);
    expect(stdout).toBe(
      'passed   [D5] stream_synced is the first item of an idle topic\n\npsyche-events: 1 passed, 0 failed, 0 skipped\n',
    );
  });
});

test('docs/clients.md lists every capability in the words of the code', () => {
  const text = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8');
  for (const [name, words] of Object.entries(CAPABILITIES))
    expect(text).toContain(`| \`${name}\` | ${words}`);
});
