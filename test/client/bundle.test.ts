import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildPage } from '../react/build-page.ts';

const ROOT = join(import.meta.dirname, '../..');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');

/** A door with all of our own code behind it, minified; packages are imported. */
async function bundleOwnCode(door: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'psyche-door-'));
  try {
    const config = join(dir, 'vite.config.mjs');
    await writeFile(config, 'export default {};');
    const args = ['--config', config, '--ssr', door, '--outDir', join(dir, 'out'), '--minify', 'oxc'];
    await promisify(execFile)(process.execPath, [VITE, 'build', ROOT, ...args, '--logLevel', 'warn'], {
      env: { ...process.env, NODE_ENV: 'production', VITEST: '' },
    });
    return await readFile(join(dir, 'out/index.js'), 'utf8');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const packagesOf = (code: string) =>
  [...code.matchAll(/(?:from|import\()\s*["'`]([^"'`]+)["'`]/g)].map(([, name]) => name).sort();

test.each([
  ['client/index.ts', ['@trpc/client', 'superjson', 'ws', 'zod']],
  ['client/react/index.ts', ['@trpc/client', 'react', 'react/jsx-runtime', 'superjson', 'ws']],
])(
  '%s is small, and imports what it needs',
  async (door, packages) => {
    const code = await bundleOwnCode(door);
    expect(packagesOf(code)).toEqual(packages);
    expect(gzipSync(code, { level: 9 }).byteLength).toBeLessThan(15 * 1024);
  },
  120_000,
);

test('a page with the hooks carries neither zod nor the ws package', async () => {
  const page = await buildPage('test/react/page', 'production');
  const code = [...page].filter(([path]) => path.endsWith('.js')).map(([, body]) => body.toString());
  expect(code.length).toBeGreaterThan(0);
  expect(code.join('')).toContain('stream_synced');
  expect(code.join('')).not.toMatch(/ZodError|WebSocketServer|Sec-WebSocket-Key/i);
}, 120_000);
