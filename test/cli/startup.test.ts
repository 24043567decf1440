import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { MAIN, RunningCommand, run } from './command.ts';
import { hookedBy } from './module-hook.ts';

/** Writes what the process used, in µs, as it ends. */
const METER = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();process.stderr.write('cpu:'+(user+system))})`;

/** CPU time of a process, user and system, in ms: the median of some runs. */
function cpuMs(args: readonly string[], runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const { stderr } = spawnSync(process.execPath, ['--import', METER, ...args], { encoding: 'utf8' });
    return Number(/cpu:(\d+)/.exec(stderr)?.[1]) / 1000;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

// An empty Node takes 50 ms of CPU where 120 ms more are allowed; on a slower machine both take longer.
const ALLOWED = 120 / 50;

test('--help uses little more CPU than an empty Node process', { timeout: 120_000 }, () => {
  const empty = cpuMs(['-e', '0'], 3);
  expect((cpuMs([MAIN, '--help'], 3) - empty) / empty).toBeLessThan(ALLOWED);
  // Control: the whole server takes far more.
  expect((cpuMs([join(MAIN, '../../server/index.js')], 1) - empty) / empty).toBeGreaterThan(ALLOWED);
});

const ROOT = pathToFileURL(join(MAIN, '../../..')).href;
/** Adds the address of each module that the process loads to the file that LOADED names. */
const HOOK = `import { appendFileSync } from 'node:fs';
export function load(url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return next(url, context); }`;

/** A running command, and what tells the packages and the folders of ours that it has loaded. */
function listing(args: readonly string[], env: Record<string, string> = {}) {
  const LOADED = join(inject('runDirectory'), `loaded-${randomUUID()}`);
  const command = new RunningCommand(args, { ...env, LOADED }, [process.execPath, ...hookedBy(HOOK), MAIN]);
  const loaded = (): string[] => {
    const files = readFileSync(LOADED, 'utf8').replaceAll(`${ROOT}/`, '');
    const places = files.matchAll(/^(?:node_modules\/((?:@[^/]+\/)?[^/]+)|(dist\/[^/]+))/gm);
    return [...new Set([...places].map(([, name, room = '']) => name ?? room))].sort();
  };
  return { command, loaded, [Symbol.asyncDispose]: () => command[Symbol.asyncDispose]() };
}

test.each(['--help', '--version', 'publish --help', 'completion bash'])(
  '%s loads no package but commander, and nothing of the server or the client',
  async (line) => {
    await using ended = listing(line.split(' '));
    expect((await ended.command.exit()).code).toBe(0);
    expect(ended.loaded()).toEqual(['commander', 'dist/cli']);
  },
);

/** Packages that not every server needs. */
const SELDOM = ['ioredis', 'jose', 'prom-client', 'rate-limiter-flexible', 'vader-sentiment'];

test('serve loads only what its configuration needs; control: one that needs it all', {
  timeout: 120_000,
}, async () => {
  const loaded = async (args: readonly string[], env?: Record<string, string>): Promise<string[]> => {
    await using server = listing(['serve', '--port', '0', ...args], env);
    await expect.poll(() => server.command.stdout, { timeout: 60_000 }).toContain('listening at http://');
    return server.loaded().filter((name) => SELDOM.includes(name));
  };
  expect(await loaded(['--simulation', 'off'])).toEqual([]);
  const tokens = { AUTH_JWT_SECRET: 'x'.repeat(32), AUTH_JWT_ISSUER: 'us', AUTH_JWT_AUDIENCE: 'them' };
  expect(await loaded(['--redis', inject('redisUrl')], { METRICS_PORT: '0', ...tokens })).toEqual(SELDOM);
});

test('--version prints the version of the package', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
});

test('a command without a peer of the package says what to install', async () => {
  const { name, dependencies, peerDependencies, peerDependenciesMeta: optional } = packageJson;
  const home = join(inject('runDirectory'), `lacking-${randomUUID()}`, 'node_modules');
  await cp(join(MAIN, '../..'), join(home, name, 'dist'), { recursive: true });
  await cp(join(MAIN, '../../../package.json'), join(home, name, 'package.json'));
  for (const dependency of Object.keys(dependencies)) {
    await mkdir(dirname(join(home, dependency)), { recursive: true });
    await symlink(join(MAIN, '../../../node_modules', dependency), join(home, dependency));
  }
  const needed = Object.keys(peerDependencies).filter((peer) => !(peer in optional || peer in dependencies));
  for (const command of ['serve', 'stats']) {
    const main = join(home, name, 'dist/cli/main.js');
    const { status, stderr } = spawnSync(process.execPath, [main, command], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^psyche-events: @trpc\/\w+ is not installed\. Run: npm install (.+)\n$/),
    });
    expect(stderr).toContain(`npm install ${needed.join(' ')}\n`);
  }
});
