import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openContext } from '../setup/chromium.ts';

const ROOT = join(import.meta.dirname, '../..');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');

/** Runs an example's one command; resolves with the address that it prints. */
async function start(directory: string): Promise<{ url: string } & Disposable> {
  const vite = spawn(process.execPath, [VITE, directory, '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'development', VITEST: '', NO_COLOR: '1' },
  });
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk;
      const address = /http:\/\/localhost:\d+/.exec(printed)?.[0];
      if (address) resolve(address);
    };
    vite.stdout.on('data', read);
    vite.stderr.on('data', read);
    vite.once('exit', () => reject(new Error(`The example ended: ${printed}`)));
  });
  return { url, [Symbol.dispose]: () => vite.kill('SIGKILL') };
}

test('the example with hooks starts with one command, and shows published events with everything related', async () => {
  using example = await start('examples/react');
  await using context = await openContext();
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(example.url);
  await page
    .getByText('Server: healthy')
    .or(page.getByText(/Server: (warning|error)/))
    .waitFor();
  await page.getByLabel('Message').fill('from the page');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('visitor: from the page').waitFor();
  await page.getByText('Mood: 0.5').waitFor();
  expect(await page.title()).toBe('visitor spoke');
  expect(await page.locator('li').allTextContents()).toEqual(['visitor: from the page']);
  expect(complaints).toEqual([]);
}, 120_000);

test('the example with an application’s own events gets them typed, for the user of its context', async () => {
  using example = await start('examples/react-in-your-app');
  await using context = await openContext();
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(example.url);
  await page.getByText('UNAUTHORIZED').first().waitFor();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${example.url}?user=Ada`);
  await page.getByRole('button', { name: 'Order a lamp' }).click();
  await page.getByText(`a lamp: 42 dollars, in ${new Date().getUTCFullYear()}`).waitFor();
  expect(await page.locator('li').count()).toBe(1);
  expect(complaints).toEqual([]);
}, 120_000);
