import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

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

test('[D12] a visitor who cuts the page off sees all that was published meanwhile, once, and no gap', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url);
  const { page, connection } = dashboard;
  await publishAll(server.url, texts(0, 3));
  await dashboard.feed.getByText('message 2', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Cut me off' }).click();
  await connection.getByText('Reconnecting').waitFor();
  const moment = () => page.getByRole('slider', { name: 'Moment' }).getAttribute('aria-valuetext');
  await poll(moment).toBe('newest');
  await publishAll(server.url, texts(3, 30));
  await page.getByText('The line is mended').waitFor();
  await connection.getByText('Live').waitFor();
  await dashboard.feed.getByText('message 29', { exact: true }).waitFor();
  await poll(moment).toBe('live');
  expect(await dashboard.allMessages()).toEqual(texts(0, 30));
  expect(await page.locator('.gap-mark').count()).toBe(0);
});

/** Numbers that the second reader gave as read so far, each with the time since the visitor asked for it, ms. */
type Readings = { read: number; afterMs: number }[];

/** Runs in the page: keeps the readings, each of which makes way for the next. */
function keepReadings(): void {
  const readings: Readings = [];
  Object.assign(globalThis, { readings });
  let askedAt = 0;
  addEventListener('click', () => (askedAt = performance.now()), { capture: true });
  new MutationObserver(() => {
    const read = /: (\d+) so far/.exec(document.querySelector('.trials-words')?.textContent ?? '')?.[1];
    if (read === undefined || Number(read) === readings.at(-1)?.read) return;
    readings.push({ read: Number(read), afterMs: performance.now() - askedAt });
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

test('[D9] a second reader that is slow gets each event that the page got', { timeout: 90_000 }, async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url, { before: keepReadings });
  const { page } = dashboard;
  await page.getByRole('button', { name: 'Read slowly' }).click();
  await page.getByText(/: \d+ so far/).waitFor();
  await publishAll(server.url, texts(0, 40));
  await page.getByText('has caught up with the page').waitFor({ timeout: 60_000 });
  const readings = await page.evaluate(() => (globalThis as unknown as { readings: Readings }).readings);
  expect(readings).toContainEqual(expect.objectContaining({ read: 2 }));
  // Ten seconds at one event in two; a busy machine makes it fewer.
  const whileSlow = readings.filter(({ afterMs }) => afterMs < 10_000);
  expect(Math.max(...whileSlow.map(({ read }) => read))).toBeLessThanOrEqual(5);
  const [, count] =
    /caught up with the page: (\d+) events in all, none was lost/.exec(
      await page.locator('.trials-words').innerText(),
    ) ?? [];
  // The page's server tells of itself now and then too.
  expect(Number(count)).toBeGreaterThanOrEqual(40);
});

test('[D4] a visitor who loses the log sees the gap in its place, and what is said after it', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await publishAll(server.url, texts(0, 3));
  await dashboard.feed.getByText('message 2', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Lose the log' }).click();
  await page.getByText('1 gap').waitFor();
  await publishAll(server.url, texts(3, 5));
  await dashboard.feed.getByText('message 4', { exact: true }).waitFor();
  const rows = await dashboard.feed.locator('article').allTextContents();
  const kinds = rows.map((row) => /message \d/.exec(row)?.[0] ?? (/log began anew/.test(row) ? 'gap' : row));
  expect(kinds).toEqual(['message 0', 'message 1', 'message 2', 'gap', 'message 3', 'message 4']);
});

test('a log that outlives the process is not offered to be lost', async () => {
  await using server = await startPageServer({
    redisUrl: inject('redisUrl'),
    redisPrefix: `trials-${crypto.randomUUID()}`,
  });
  await using dashboard = await pages.open(server.url);
  await dashboard.page.getByRole('button', { name: 'Cut me off' }).waitFor();
  expect(await dashboard.page.getByRole('button', { name: 'Lose the log' }).count()).toBe(0);
});
