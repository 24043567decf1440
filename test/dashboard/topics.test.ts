import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

interface Message {
  id?: number;
  method?: string;
  params?: { input?: { json?: { topics?: unknown } } };
}

/** The messages of a frame; none of a PING. */
function messagesOf(frame: string | Buffer): Message[] {
  const text = String(frame);
  return /^[[{]/.test(text) ? [JSON.parse(text)].flat() : [];
}

/** Holds back the answers to the question that all topics are asked for with, until they are let go. */
async function holdFirstAnswer(page: Page) {
  const held: (() => void)[] = [];
  const first = { id: undefined as number | undefined, isOver: false };
  await page.routeWebSocket('**/trpc*', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      for (const { id, method, params } of messagesOf(frame)) {
        if (JSON.stringify(params?.input?.json?.topics) === '["*","_*"]') first.id ??= id;
        if (id !== undefined && id === first.id && method === 'subscription.stop') first.isOver = true;
      }
      server.send(frame);
    });
    server.onMessage((frame) => {
      const messages = messagesOf(frame);
      const early = messages.filter(({ id }) => id !== undefined && id === first.id);
      if (early.length === 0) return socket.send(frame);
      for (const message of early) held.push(() => socket.send(JSON.stringify(message)));
      const others = messages.filter((message) => !early.includes(message));
      for (const message of others) socket.send(JSON.stringify(message));
    });
  });
  return {
    first,
    held,
    letGo() {
      for (const send of held.splice(0)) send();
    },
  };
}

test('the picker asks for the topics of one text at a time, though nothing answers', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page } = dashboard;
  let asked = 0;
  const waiting = new Set<number>();
  await page.routeWebSocket('**/trpc*', (socket) => {
    const onward = socket.connectToServer();
    socket.onMessage((frame) => {
      for (const { id, method, params } of messagesOf(frame)) {
        if (id === undefined) continue;
        if (method === 'subscription.stop') waiting.delete(id);
        if (!params?.input?.json?.topics) continue;
        asked++;
        waiting.add(id);
        return;
      }
      onward.send(frame);
    });
  });
  await page.goto(server.url);
  await dashboard.connection.getByText('Live').waitFor();
  await page.getByRole('button', { name: 'topic default' }).click();
  await poll(() => asked).toBe(1);
  for (const letter of 'shop') {
    const before = asked; // a text that is gone before it was asked for is not asked for at all
    await page.getByRole('dialog').getByRole('textbox').press(letter);
    await poll(() => asked).toBe(before + 1);
  }
  await poll(() => waiting.size).toBe(1);
});

test('the picker offers the topics of the text as it is, though an answer to an earlier one comes later', async () => {
  await using server = await startPageServer();
  await server.events.publish('agent_message', said('here'));
  await server.events.publish('agent_message', said('there'), { topic: 'shop-2' });
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page } = dashboard;
  const answers = await holdFirstAnswer(page);
  await page.goto(server.url);
  await dashboard.feed.getByText('here', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'topic default' }).click();
  await poll(() => answers.held.length).toBeGreaterThan(0);
  await page.getByRole('dialog').getByRole('textbox').fill('sh');
  const names = () => page.locator('.topics button').allTextContents();
  await poll(names).toEqual(['shop-2']);
  // The page lets go of the first question once it has its answer.
  await poll(() => {
    answers.letGo();
    return answers.first.isOver;
  }).toBe(true);
  await page.evaluate(() => new Promise(requestAnimationFrame));
  expect(await names()).toEqual(['shop-2']);
});
