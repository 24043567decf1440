import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { answerChats } from '../../examples/ai-chat/answers.ts';
import { catalog as aiChat } from '../../examples/ai-chat/catalog.ts';
import { standInModel } from '../../examples/ai-chat/stand-in-model.ts';
import { runAssistant } from '../../examples/streaming-chat/assistant.ts';
import { catalog as chat } from '../../examples/streaming-chat/catalog.ts';
import { startTestServer } from '../client/test-server.ts';
import { buildPage, serve } from '../setup/build-page.ts';
import { open, rows } from './example-page.ts';
import { start } from './vite-example.ts';

/** A token comes when the test lets it, by the gate that is added. */
function gate(gates: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    gates.push(resolve);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}

test('the example streaming-chat starts with one command, and draws a reply until it is whole', async () => {
  await using example = await start('examples/streaming-chat');
  await using reader = await open(example.url);
  const { page } = reader;
  await page.getByLabel('Message').fill('Hello.');
  await page.getByRole('button', { name: 'Say' }).click();
  await page.locator('li[data-state="done"]').waitFor();
  expect(await rows(page, 'state')).toEqual([
    'message: Hello.',
    'done: You say: Hello. I have heard that before, and each time it began with the same words.',
  ]);
  expect(reader.complaints).toEqual([]);
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
  const poll = (page: Page) => expect.poll(() => rows(page, 'state'), { timeout: 60_000 });
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

/** Messages of the example ai-chat, each with its role. */
function said(page: Page) {
  return expect.poll(() => rows(page, 'role'), { timeout: 60_000 });
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
