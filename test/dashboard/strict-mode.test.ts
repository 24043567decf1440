import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

const ROOT = join(import.meta.dirname, '../..');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');

let pages: Awaited<ReturnType<typeof launchPages>>;
let pageDir: string;

// A production build has no StrictMode: this one mounts everything twice.
beforeAll(async () => {
  pageDir = await mkdtemp(join(tmpdir(), 'psyche-dashboard-'));
  const args = [
    VITE,
    'build',
    '--mode',
    'development',
    '--outDir',
    pageDir,
    '--emptyOutDir',
    '--logLevel',
    'warn',
  ];
  const build = promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'development', VITEST: '' },
  });
  [pages] = await Promise.all([launchPages(), build]);
}, 120_000);
afterAll(async () => {
  await pages?.close();
  await rm(pageDir, { recursive: true, force: true });
});

test('StrictMode opens one socket and one subscription without an error, and none is left after the page is gone', async () => {
  await using server = await startPageServer({ pageDir });
  await using publisher = publishTo(server.url);
  const subscribers = async () => {
    const response = await fetch(`${server.url}/trpc/stats`);
    const { result } = (await response.json()) as { result: { data: { json: { subscribers: number } } } };
    return result.data.json.subscribers;
  };
  {
    await using dashboard = await pages.open(server.url);
    await publisher.publish('agent_message', said('once'));
    await dashboard.feed.getByText('once', { exact: true }).waitFor();
    expect(await dashboard.messages()).toEqual(['once']);
    // The two mounts' leavings are released a second later.
    await poll(subscribers).toBe(1);
    expect(dashboard.sockets).toHaveLength(1);
    const requests: { method: string; params: { path: string } }[] = dashboard.sockets
      .flat()
      .filter((text) => text !== 'PING' && text !== 'PONG')
      .flatMap((text) => JSON.parse(text));
    const paths = requests.filter(({ method }) => method === 'subscription').map(({ params }) => params.path);
    expect(paths).toEqual(['on.any']);
    expect(dashboard.complaints).toEqual([]);
  }
  await poll(subscribers).toBe(0);
});
