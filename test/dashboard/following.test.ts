import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said, state } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

declare global {
  /** A page's, of {@link watchFeed}. */
  var lapses: string[];
}

/** Notes when the feed is not at its end, and when the same words are there twice at once. */
function watchFeed(): void {
  globalThis.lapses = [];
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver(() => {
      if (document.querySelector('.to-end')) lapses.push('left the end');
      const speaking = document.querySelector('.speaking .words')?.textContent;
      const said = [...document.querySelectorAll('.message:not(.speaking) .words')].at(-1)?.textContent;
      if (speaking && speaking === said) lapses.push(`twice: ${said}`);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

test('the feed shows each word of a speaking agent once, as it comes, and stays at the end', async () => {
  await using server = await startPageServer({ speed: 10 });
  await poll(() => server.simulation?.state.tick).toBeGreaterThan(10);
  await using dashboard = await pages.open(server.url, { before: watchFeed });
  const { page, feed } = dashboard;
  await feed.locator('.speaking .words', { hasText: /\w/ }).waitFor();
  const before = server.simulation?.state.tick ?? 0;
  await poll(() => server.simulation?.state.tick).toBeGreaterThan(before + 8);
  expect(await page.evaluate(() => lapses)).toEqual([]);
});

test('the feed stays at the end while the page drops its oldest events, whatever their heights', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url, { before: watchFeed });
  const { page, feed } = dashboard;
  // Every tenth is a message; the page keeps 4000 events.
  for (let from = 0; from < 6000; from += 500) {
    await publisher.publishBatch(
      Array.from({ length: 500 }, (_, offset) => {
        const turn = (from + offset) / 10;
        return Number.isInteger(turn)
          ? { event_type: 'agent_message', data: said(`turn ${turn}. ${'Some words. '.repeat(turn % 9)}`) }
          : { event_type: 'simulation_state', data: state(0.1, Math.floor(turn)) };
      }),
    );
    await feed.locator('.words', { hasText: `turn ${from / 10 + 49}.` }).waitFor();
  }
  expect(await page.evaluate(() => lapses)).toEqual([]);
});

test('the feed stays at the end while rows of other heights than expected come in bursts, and the oldest go', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url, { before: watchFeed });
  const { page, feed } = dashboard;
  let turn = 0;
  // Up to 500 events at a time, some of them messages; the sizes follow no order that the page could keep up with.
  for (let burst = 0; burst < 100; burst++) {
    const size = 1 + Math.floor((((burst * 61) % 100) / 100) ** 3 * 500);
    await publisher.publishBatch(
      Array.from({ length: size }, () => {
        turn++;
        return (turn * 37) % 100 < 12
          ? {
              event_type: 'agent_message',
              data: said(`turn ${turn}. ${'Some words. '.repeat((turn * 23) % 40)}`),
            }
          : { event_type: 'simulation_state', data: state(0.1, turn) };
      }),
    );
  }
  await publisher.publish('agent_message', said('The last words.'));
  await feed.locator('.words', { hasText: 'The last words.' }).waitFor();
  expect(await page.evaluate(() => lapses)).toEqual([]);
});
