import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, test } from 'vitest';
import { MAIN, RunningCommand } from './command.ts';
import { hookedBy } from './module-hook.ts';

/** Takes the package that LACKED names for one that is not installed. */
const LACK = hookedBy(`export async function resolve(name, context, next) {
  if (name === process.env.LACKED) throw new Error('no ' + name);
  return next(name, context);
}`);
const REDIS = () => ({ REDIS_URL: inject('redisUrl'), REDIS_PREFIX: `missing-${randomUUID()}` });

test.each([
  ['rate-limiter-flexible', REDIS],
  ['vader-sentiment', () => ({ SIMULATION: 'on' })],
] as const)('without %s serve ends with code 1 and one line', async (LACKED, needs) => {
  const env = { PORT: '0', SIMULATION: 'off', LOG_LEVEL: 'silent', LACKED, ...needs() };
  await using command = new RunningCommand(['serve'], env, [process.execPath, ...LACK, MAIN]);
  expect(await command.exit()).toEqual({ code: 1, stdout: '', stderr: `psyche-events: no ${LACKED}\n` });
});

test('startServer that cannot load its limits closes its log: the program ends by itself', () => {
  const door = pathToFileURL(join(MAIN, '../../server/index.js')).href;
  const program = `import { loadConfig, startServer } from ${JSON.stringify(door)};
    await startServer(loadConfig({ port: 0 })).catch((error) => console.error(error.message));`;
  const args = [...LACK, '--input-type=module', '-e', program];
  const env = { ...process.env, LACKED: 'rate-limiter-flexible', LOG_LEVEL: 'silent', ...REDIS() };
  // With a connection left open it would not end, and be killed.
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 30_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'no rate-limiter-flexible\n' });
});
