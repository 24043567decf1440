import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadConfig, startServer } from '../../server/index.ts';
import { freePort } from '../setup/redis-server.ts';
import { lineTo } from './breakable-line.ts';
import { FRAMES_A_SECOND, launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { BUILT, publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const texts = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `message ${from + index}`);

async function publishAll(url: string, messages: readonly string[]): Promise<void> {
  await using publisher = publishTo(url);
  await publisher.publishBatch(messages.map((text) => ({ event_type: 'agent_message', data: said(text) })));
}

/** A server whose catalog has no viewers: one that is away for longer than its lease has left, which is an event too. */
async function startWithoutViewers() {
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, {});
  const server = await startServer(config, { pageDir: BUILT });
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

/** Runs in the page: keeps the notices of what was caught up, which leave after a while, in an attribute. */
function keepNotices(): void {
  const seen = new Set<string>();
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll('.chip.good')) seen.add(textContent);
    const all = JSON.stringify([...seen]);
    if (document.body.dataset['notices'] !== all) document.body.dataset['notices'] = all;
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

test('[D12] the page reports a socket gone for 5 s within 2 s, and then has no gap and no duplicate', async () => {
  await using server = await startWithoutViewers();
  await using line = await lineTo(server.url);
  await using dashboard = await pages.open(line.url, { before: keepNotices, countsFrames: true });
  const { page, connection } = dashboard;
  await publishAll(server.url, texts(0, 20));
  await dashboard.feed.getByText('message 19', { exact: true }).waitFor();

  const reported = await dashboard.framesDuring(() => {
    line.cut();
    return connection.getByText('Reconnecting').waitFor();
  });
  expect(reported).toBeLessThan(2 * FRAMES_A_SECOND);
  await connection.getByRole('button', { name: 'Retry now' }).waitFor();
  expect(await connection.textContent()).toMatch(/attempt \d+/);
  // Dimmed, never blank.
  expect(await page.locator('.page').getAttribute('data-stale')).toBe('true');
  expect(await dashboard.messages()).toContain('message 19');
  await publishAll(server.url, texts(20, 60));
  await page.context().setOffline(true);
  await connection.getByText('Offline').waitFor();
  await connection.getByText('no network').waitFor();
  await page.context().setOffline(false);
  await sleep(5000);
  line.mend();
  await dashboard.retryNow();
  await connection.getByText('Live').waitFor();
  await dashboard.feed.getByText('message 59', { exact: true }).waitFor();
  expect(await page.locator('.page').getAttribute('data-stale')).toBe('false');
  const notices = () => page.locator('body').getAttribute('data-notices');
  await poll(notices).toBe(JSON.stringify(['Caught up 40 events']));
  expect(await dashboard.allMessages()).toEqual(texts(0, 60));
  expect(await page.locator('.gap-mark').count()).toBe(0);
});

test('[D12] a page that cannot load the code of its second transport connects again over the first', async () => {
  await using server = await startPageServer();
  await using line = await lineTo(server.url);
  await using dashboard = await pages.open(line.url);
  const { page, connection } = dashboard;
  let asked = 0;
  await page.route('**/assets/stream-socket-*', async (route) => {
    asked++;
    await route.abort();
  });
  await page.reload();
  await connection.getByText('Live').waitFor();
  line.cut();
  await connection.getByText('Reconnecting').waitFor();
  await poll(() => asked).toBeGreaterThan(0);
  await poll(async () =>
    Number(/attempt (\d+)/.exec((await connection.textContent()) ?? '')?.[1]),
  ).toBeGreaterThan(1);
  line.mend();
  await dashboard.retryNow();
});

test('[D12] the page shows what it missed when the server restarts with its log in Redis', async () => {
  const redis = { redisUrl: inject('redisUrl'), redisPrefix: `page-${crypto.randomUUID()}` };
  const first = await startPageServer({ ...redis, port: await freePort() });
  await using dashboard = await pages.open(first.url);
  await publishAll(first.url, texts(0, 5));
  await dashboard.feed.getByText('message 4', { exact: true }).waitFor();
  await first.close();
  await dashboard.connection.getByText('Reconnecting').waitFor();

  await using elsewhere = await startPageServer(redis);
  await publishAll(elsewhere.url, texts(5, 10));
  await using again = await startPageServer({ ...redis, port: first.port });
  expect(again.url).toBe(first.url);
  await dashboard.retryNow();
  await dashboard.feed.getByText('message 9', { exact: true }).waitFor();
  expect(await dashboard.allMessages()).toEqual(texts(0, 10));
  expect(await dashboard.page.locator('.gap-mark').count()).toBe(0);
});

test('[D4] the page marks the gap, keeps its events and goes on when the server restarts with an empty log', async () => {
  const first = await startPageServer({ port: await freePort() });
  await using dashboard = await pages.open(first.url);
  await publishAll(first.url, texts(0, 3));
  await dashboard.feed.getByText('message 2', { exact: true }).waitFor();
  await first.close();
  await using again = await startPageServer({ port: first.port });
  await dashboard.retryNow();
  await publishAll(again.url, texts(3, 5));
  await dashboard.feed.getByText('message 4', { exact: true }).waitFor();

  await dashboard.page.getByText('1 gap').waitFor();
  const rows = await dashboard.feed.locator('article').allTextContents();
  const kinds = rows.map((row) => /message \d/.exec(row)?.[0] ?? (/log began anew/.test(row) ? 'gap' : row));
  expect(kinds).toEqual(['message 0', 'message 1', 'message 2', 'gap', 'message 3', 'message 4']);
});
