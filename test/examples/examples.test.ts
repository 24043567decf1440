import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { apiKeys } from '../../server/index.ts';
import { apiKey } from '../access/harness.ts';
import { startTestServer } from '../app/harness.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

/** Runs an example as its first lines say, and returns what it prints. */
async function output(example: string, url?: string, token?: string): Promise<string> {
  const [command, ...args] = example.endsWith('.py')
    ? ['python3', `examples/${example}`]
    : [process.execPath, '--import', 'tsx', `examples/${example}`];
  const { stdout } = await run(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...(url && { URL: url }), ...(token && { TOKEN: token }) },
    timeout: 60_000,
  });
  return stdout.trim();
}

test('each example is listed with its command', () => {
  const readme = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
  const listed = [...readme.matchAll(/^\| \[([^\]]+)\]\((\S+)\).*`[^`]* examples\/(\S+)`/gm)];
  for (const [, name, link, run] of listed) {
    expect(run).toBe(name);
    expect(readFileSync(join(ROOT, 'examples', link ?? ''), 'utf8')).not.toBe('');
  }
  const all = readdirSync(join(ROOT, 'examples')).filter((name) => name !== 'README.md');
  expect(listed.map(([, name]) => name).toSorted()).toEqual(all.toSorted());
});

test('the example mount-in-your-app works', async () => {
  expect(await output('mount-in-your-app.ts')).toBe('Ada received: Mounted.');
});

test('the example custom-catalog works', async () => {
  const [dream, refused] = (await output('custom-catalog.ts')).split('\n');
  expect(dream).toMatch(/^[0-9a-f]+:1: a locked door, 1\d\d years ago, heard 18446744073709551616 times$/);
  expect(refused).toMatch(/^EventsError: Invalid waking: data\.hour:/);
});

test('the example server-to-server works', async () => {
  await using server = await startTestServer();
  expect(await output('server-to-server.ts', `${server.url}/trpc`)).toMatch(
    /^stored at \w+:1\nstored 2 more$/,
  );
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

test.skipIf(!hasPython)('the example publish.py works (where there is python3)', async () => {
  const authenticate = apiKeys([apiKey('python', 'a-key-of-the-test')]);
  await using server = await startTestServer({}, { authenticate });
  const [stored, refused] = (await output('publish.py', `${server.url}/trpc`, 'a-key-of-the-test')).split(
    '\n',
  );
  expect(stored).toMatch(/^stored at \w+:1$/);
  expect(refused).toMatch(/^refused: Invalid agent_message: data\.agent_type:/);
});

test('the example stock-client works', async () => {
  await using server = await startTestServer();
  const lines = (await output('stock-client.ts', `${server.url.replace('http', 'ws')}/trpc`)).split('\n');
  expect(lines.map((line) => line.replace(/^\w+:/, ''))).toEqual([
    '1 Guest: one',
    '2 Guest: two',
    '3 Guest: three',
  ]);
});
