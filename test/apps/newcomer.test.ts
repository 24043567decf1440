import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Application } from './application.ts';
import { expectHeard, expectStreamed } from './create.ts';
import { BUNDLED, FOLLOWED, PATIENCE_MS, RECEIVED, WHOLE } from './expected.ts';

/**
 * Three applications that share what one `npm install` of the packed package brought, as it takes most of the time.
 * In `*.ci.ts` each has an install of its own.
 */
let apps: Application;
beforeAll(async () => {
  apps = await Application.together(['node', 'commonjs'], 'hono');
}, PATIENCE_MS);
afterAll(() => apps?.[Symbol.asyncDispose]());

const script = (name: string, folder: string) => ['run', '--silent', name, '--workspace', folder];

test(
  'a Node service without a framework is compiled with the packed package, and receives typed events',
  async () => {
    await apps.run('build', 'npm', script('build', 'node'));
    expect(await apps.run('run', 'npm', script('start', 'node'))).toBe(
      `${RECEIVED}\n${FOLLOWED}\n${WHOLE}\n`,
    );
    for (const shared of ['@trpc/client', '@trpc/server', 'superjson', 'zod'])
      expect(await apps.copiesOf(shared), shared).toHaveLength(1);
  },
  PATIENCE_MS,
);

test(
  'a program bundled into one CommonJS file serves and receives events where no packages are',
  async () => {
    await apps.run('build', 'npm', script('build', 'commonjs'));
    const away = await mkdtemp(join(tmpdir(), 'psyche-bundled-'));
    await copyFile(join(apps.dir, 'commonjs/dist/main.cjs'), join(away, 'main.cjs'));
    expect(await apps.run('run', 'node', [join(away, 'main.cjs')])).toBe(BUNDLED);
    await rm(away, { recursive: true });
  },
  PATIENCE_MS,
);

test(
  'the template hono delivers what one window says to another, and over server-sent events',
  async () => {
    await using server = await apps.start('npm', script('start', 'hono'), { PORT: '0' });
    await expectHeard(server.url);
    await expectStreamed(server.url);
  },
  PATIENCE_MS,
);
