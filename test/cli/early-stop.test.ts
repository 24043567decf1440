import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { MAIN, RunningCommand } from './command.ts';
import { hookedBy } from './module-hook.ts';

/**
 * Holds the module that HELD ends with, in workers alone where there are any, and says so on stderr. The module itself waits:
 * Node 24 runs no handler of a signal while a hook does.
 */
const HOLD = hookedBy(`const { HELD, WORKERS, PSYCHE_WORKER } = process.env;
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(HELD) || (WORKERS !== '1' && !PSYCHE_WORKER)) return loaded;
  const held = "import { writeSync } from 'node:fs'; writeSync(2, 'held'); await new Promise((resolve) => setTimeout(resolve, 600_000));";
  return { ...loaded, source: held + loaded.source };
}`);

test.each([
  ['one process', '1', 'SIGTERM', '/cli/serve/serve-here.js'],
  ['one process', '1', 'SIGINT', '/server/app/start-server.js'],
  ['workers that have handlers of it', '2', 'SIGTERM', '/cli/serve/serve-here.js'],
  ['workers that have none yet', '2', 'SIGTERM', '/cli/serve/serve.js'],
] as const)(
  '[%s, %s, %s] a signal while the server is loaded ends serve with code 0',
  async (_, WORKERS, signal, HELD) => {
    const redis = { REDIS_URL: inject('redisUrl'), REDIS_PREFIX: `early-${randomUUID()}` };
    await using command = new RunningCommand(['serve'], { PORT: '0', WORKERS, HELD, ...redis }, [
      process.execPath,
      ...HOLD,
      MAIN,
    ]);
    await expect.poll(() => command.stderr, { timeout: 30_000 }).toBe('held');
    command.child.kill(signal);
    expect(await command.exit()).toMatchObject({ code: 0, stderr: 'held' });
  },
);
