import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { bundle } from '../setup/bundle.ts';
import { freePort } from '../setup/redis-server.ts';
import { open } from './example-page.ts';
import { start } from './vite-example.ts';

const ASKER = bundle(join(import.meta.dirname, '../../examples/approval/asker.ts'));
const directory = mkdtempSync(join(tmpdir(), 'psyche-examples-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The agent of the example approval. */
function ask(url: string) {
  const child = spawn(process.execPath, [ASKER], {
    env: { ...process.env, URL: `${url.replace('http', 'ws')}/trpc` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const ended = once(child, 'close').then(() => printed.trim());
  return {
    printed: ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test.concurrent('in the example approval a question outlives page, server and agent, and so does its answer', async () => {
  const env = { DATA: join(directory, 'approval.db') };
  const question = 'deploy to production?AllowRefuse';
  const questions = (page: Page) =>
    expect.poll(() => page.locator('li').allTextContents(), { timeout: 60_000 });
  const port = await freePort();
  {
    await using server = await start('examples/approval', { env, port });
    await using reader = await open(server.url);
    await using _agent = ask(server.url);
    await questions(reader.page).toEqual([question]);
    await reader.page.reload();
    await questions(reader.page).toEqual([question]);
  }
  await using server = await start('examples/approval', { env, port });
  await using reader = await open(server.url);
  await questions(reader.page).toEqual([question]);
  await using agent = ask(server.url);
  await reader.page.getByRole('button', { name: 'Allow' }).click();
  expect(await agent.printed).toBe('allowed');
  await questions(reader.page).toEqual([]);
  await using again = ask(server.url);
  expect(await again.printed).toBe('allowed');
  expect(reader.complaints).toEqual([]);
}, 300_000);

// It waits for a lease of 15 s, meanwhile the other one runs.
test.concurrent('the example who-is-here tells who comes, leaves and is lost', async () => {
  await using example = await start('examples/who-is-here');
  await using ada = await open(`${example.url}?name=Ada`);
  const here = (text: string) => ada.page.getByText(text, { exact: true }).waitFor();
  await here('1 here: Ada');
  {
    await using bea = await open(`${example.url}?name=Bea`);
    await here('2 here: Ada, Bea');
    await bea.page.getByRole('button', { name: 'Leave' }).click();
    await here('1 here: Ada');
    await bea.page.getByText('1 here: Ada', { exact: true }).waitFor();
    await bea.page.getByRole('button', { name: 'Come back' }).click();
    await here('2 here: Ada, Bea');
  }
  await here('1 here: Ada');
  const diary = ['Ada is here', 'Bea is here', 'Bea has left', 'Bea is here', 'Bea was lost'];
  expect(await ada.page.locator('li').allTextContents()).toEqual(diary);
  expect(ada.complaints).toEqual([]);
}, 120_000);
