// One file: Vite keeps what it has prepared for a page in one place, and two that start at once would be in each other's way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { answerChats } from '../../examples/ai-chat/answers.ts';
import { catalog as aiChat } from '../../examples/ai-chat/catalog.ts';
import { standInModel } from '../../examples/ai-chat/stand-in-model.ts';
import { runAssistant } from '../../examples/streaming-chat/assistant.ts';
import { catalog as chat } from '../../examples/streaming-chat/catalog.ts';
import { startTestServer } from '../client/test-server.ts';
import { buildPage, serve } from '../react/build-page.ts';
import { openContext } from '../setup/chromium.ts';
import { start } from './vite-example.ts';

const ROOT = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'psyche-examples-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A page in a browser, whose errors are in `complaints`. */
async function open(url: string) {
  const context = await openContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** A token comes when the test lets it, by the gate that is added. */
function gate(gates: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    gates.push(resolve);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}

/** Rows of a list, each with its `data-state`, if it has one. */
function rows(page: Page): Promise<string[]> {
  return page
    .locator('li')
    .evaluateAll((all) => all.map(({ dataset, textContent }) => `${dataset['state']}: ${textContent}`));
}

test('the example with hooks starts with one command, and shows published events with everything related', async () => {
  await using example = await start('examples/react');
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

/** Subscribers of the server of an example. */
async function subscribersAt(url: string): Promise<number> {
  const { result } = await (await fetch(`${url}/trpc/stats`)).json();
  return result.data.json.subscribers;
}

test.each(['vue', 'svelte'])(
  'the example %s shares one subscription among components, and ends it when the last is unmounted',
  async (framework) => {
    await using example = await start(`examples/${framework}`);
    await using visitor = await open(example.url);
    const { page } = visitor;
    const press = (name: string) => page.getByRole('button', { name }).click();
    const say = async (text: string) => {
      await page.getByLabel('Message').fill(text);
      await press('Publish');
    };
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText(/Server: (healthy|warning|error)/).waitFor();
    await say('one');
    await page.getByText('visitor: one').waitFor();
    await page.getByText('Mood: 0.5').waitFor();
    expect(await subscribersAt(example.url)).toBe(2); // of messages, and of the status
    await press('Hide');
    await expect.poll(() => subscribersAt(example.url)).toBe(1); // the mood is of the messages too
    await say('two');
    await press('Show');
    await page.getByText('visitor: two').waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(['visitor: one', 'visitor: two']);
    await expect.poll(() => subscribersAt(example.url)).toBe(2);
    expect(visitor.complaints).toEqual([]);
  },
  120_000,
);

test('the example with an application’s own events gets them typed, for the user of its context', async () => {
  await using example = await start('examples/react-in-your-app');
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

test('the example streaming-chat starts with one command, and draws a reply until it is whole', async () => {
  await using example = await start('examples/streaming-chat');
  await using reader = await open(example.url);
  const { page } = reader;
  await page.getByLabel('Message').fill('Hello.');
  await page.getByRole('button', { name: 'Say' }).click();
  await page.locator('li[data-state="done"]').waitFor();
  expect(await rows(page)).toEqual([
    'message: Hello.',
    'done: You say: Hello. I have heard that before, and each time it began with the same words.',
  ]);
  expect(reader.complaints).toEqual([]);
}, 120_000);

/** Messages of the example ai-chat, each with its role. */
function said(page: Page) {
  const read = () =>
    page
      .locator('li')
      .evaluateAll((all) => all.map(({ dataset, textContent }) => `${dataset['role']}: ${textContent}`));
  return expect.poll(read, { timeout: 60_000 });
}

test('the example ai-chat starts with one command, and shows its answer on all pages', async () => {
  await using example = await start('examples/ai-chat');
  await using first = await open(example.url);
  await using second = await open(example.url);
  await first.page.getByLabel('Message').fill('Hello.');
  await first.page.getByRole('button', { name: 'Say' }).click();
  const whole = [
    'user: Hello.',
    'assistant: You say: Hello. I have heard that before, and each time it began with the same words.',
  ];
  for (const { page } of [first, second]) await said(page).toEqual(whole);
  await first.page.reload();
  await said(first.page).toEqual(whole);
  expect([...first.complaints, ...second.complaints]).toEqual([]);
}, 120_000);

test('in the example ai-chat an answer outlives its page, and is stopped in another', async () => {
  const built = await buildPage('examples/ai-chat', 'development');
  await using server = await startTestServer({ catalog: aiChat, intercept: serve(built) });
  const gates: (() => void)[] = [];
  answerChats(
    server.manager,
    standInModel((signal) => gate(gates, signal)),
  );
  await using first = await open(server.url);
  await using second = await open(server.url);
  await first.page.getByLabel('Message').fill('Hello.');
  await first.page.getByRole('button', { name: 'Say' }).click();
  await expect.poll(() => gates.length, { timeout: 60_000 }).toBe(1);
  gates.shift()?.();
  const begun = ['user: Hello.', 'assistant: You '];
  for (const { page } of [first, second]) await said(page).toEqual(begun);
  await first.page.reload();
  await said(first.page).toEqual(begun);
  await second.page.getByRole('button', { name: 'Stop' }).click();
  for (const { page } of [first, second]) {
    await expect.poll(() => page.getByRole('button', { name: 'Stop' }).isDisabled()).toBe(true);
    await said(page).toEqual(begun);
  }
  expect([...first.complaints, ...second.complaints]).toEqual([]);
}, 120_000);

test('in the example streaming-chat a reply grows at its pace, is there for who comes late, and can be stopped', async () => {
  const built = await buildPage('examples/streaming-chat', 'development');
  await using server = await startTestServer({ catalog: chat, intercept: serve(built) });
  const assistant = createClient({ url: server.wsUrl, catalog: chat });
  const gates: (() => void)[] = [];
  const pace = (signal: AbortSignal) => gate(gates, signal);
  const token = async () => {
    await expect.poll(() => gates.length).toBe(1);
    gates.shift()?.();
  };
  runAssistant(assistant, pace);
  await using first = await open(server.url);
  await first.page.getByLabel('Message').fill('Hello.');
  await first.page.getByRole('button', { name: 'Say' }).click();
  const poll = (page: Page) => expect.poll(() => rows(page), { timeout: 60_000 });
  await poll(first.page).toEqual(['message: Hello.', 'open: Stop']);
  await token();
  await poll(first.page).toEqual(['message: Hello.', 'open: You Stop']);
  await token();
  await poll(first.page).toEqual(['message: Hello.', 'open: You say: Stop']);
  await using late = await open(server.url);
  await poll(late.page).toEqual(['message: Hello.', 'open: You say: Stop']);
  await late.page.getByRole('button', { name: 'Stop' }).click();
  const stopped = ['message: Hello.', 'aborted: You say:  (stopped by a reader)'];
  await poll(late.page).toEqual(stopped);
  await poll(first.page).toEqual(stopped);
  expect([...first.complaints, ...late.complaints]).toEqual([]);
  await assistant.close();
}, 120_000);

/** The agent of the example approval. */
function ask(url: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/approval/asker.ts'], {
    cwd: ROOT,
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

test('in the example approval a question outlives page, server and agent, and so does its answer', async () => {
  const env = { DATA: join(directory, 'approval.db') };
  const question = 'deploy to production?AllowRefuse';
  const questions = (page: Page) =>
    expect.poll(() => page.locator('li').allTextContents(), { timeout: 60_000 });
  let port: number;
  {
    await using server = await start('examples/approval', { env });
    port = Number(new URL(server.url).port);
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

test('the example who-is-here tells who comes, leaves and is lost', async () => {
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
