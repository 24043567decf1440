import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { network, said, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** Some of each row that has something to focus, and panels that are higher than the page. */
async function openFull(width: number, height: number) {
  const server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await using publisher = publishTo(server.url);
  await publisher.publish('system_status', status(5));
  await publisher.publish('network_update', network('normal'));
  for (const topic of [undefined, 'shop-2'])
    await server.events.publish('agent_message', said('Words.'), { topic });
  await publisher.publish('agent_message', said(`${'\n'.repeat(900)}end`));
  const asks = {
    agent_id: 'persona',
    question: 'Shall I keep the face on?',
    choices: ['Keep it on', 'Not yet'],
  };
  await server.events.begin('agent_question', asks);
  const dashboard = await pages.open(server.url, { viewport: { width, height }, reducedMotion: 'reduce' });
  await dashboard.feed.getByRole('button', { name: 'Not yet' }).waitFor();
  await dashboard.page.getByText('System as a table').waitFor();
  const dispose = async (): Promise<void> => {
    await dashboard.page.context().close();
    await server.close();
  };
  return { dashboard, page: dashboard.page, [Symbol.asyncDispose]: dispose };
}

/** Focuses elements one after the other, as the keyboard does, and tells by how much the outline of any is cut, px. */
async function cutOutlines(page: Page, selector: string): Promise<{ name: string; cut: number }[]> {
  await page.keyboard.press('Shift'); // what has the focus is marked for those who use the keyboard
  return page.locator(selector).evaluateAll((elements) =>
    (elements as HTMLElement[]).map((element) => {
      element.focus();
      const { outlineStyle, outlineOffset, outlineWidth } = getComputedStyle(element);
      const out = Number.parseFloat(outlineOffset) + Number.parseFloat(outlineWidth);
      const { left, right, top, bottom } = element.getBoundingClientRect();
      let cut = outlineStyle === 'none' ? Number.NaN : 0;
      for (let around = element.parentElement; around; around = around.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(around);
        const edge = around.getBoundingClientRect();
        if (overflowX !== 'visible') cut = Math.max(cut, edge.left - left + out, right + out - edge.right);
        if (overflowY !== 'visible') cut = Math.max(cut, edge.top - top + out, bottom + out - edge.bottom);
      }
      return { name: element.textContent, cut };
    }),
  );
}

test.each([
  [1440, 900],
  [375, 812],
])('the focus in rows, chips and topics is not cut at the edge, at %i × %i', async (width, height) => {
  await using full = await openFull(width, height);
  const { page } = full;
  const rows = await cutOutlines(page, '.feed-row :is(summary, button)');
  expect(rows.map(({ name }) => name)).toContain('Show all');
  const chips = await cutOutlines(page, '.chips:first-child .filter-chip:first-child');
  await page.locator('.chips.types').getByRole('button', { name: 'Network' }).click();
  await page.locator('.event-line').first().waitFor();
  const events = await cutOutlines(page, '.feed-row summary');
  expect(events).not.toEqual([]);
  await page.getByRole('button', { name: /^topic/ }).click();
  await poll(() => page.locator('.topics button').count()).toBe(2);
  const topics = await cutOutlines(page, '.topics button');
  const cut = [...rows, ...chips, ...events, ...topics].filter(({ cut }) => !(cut <= 0));
  expect(cut).toEqual([]);
});

/** Tells, in the page, what has the focus, and whether bar or timeline stands over it. */
function focused(): { name: string; isCovered: boolean } | null {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const name = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();
  const over = element.closest('.bar, .timeline');
  const { top, bottom } = element.getBoundingClientRect();
  const isCovered = [...document.querySelectorAll('.bar, .timeline')].some((sticky) => {
    const edge = sticky.getBoundingClientRect();
    return !over && top < edge.bottom && bottom > edge.top;
  });
  return { name, isCovered };
}

test.each([
  [1024, 768],
  [375, 812],
])('neither bar nor timeline stands over what has the focus, at %i × %i', async (width, height) => {
  await using full = await openFull(width, height);
  const { page } = full;
  for (const key of ['Tab', 'Shift+Tab']) {
    const reached = new Set<string>();
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press(key);
      const focus = await page.evaluate(focused);
      if (!focus) continue;
      expect(focus, key).toMatchObject({ isCovered: false });
      reached.add(focus.name);
    }
    for (const name of ['Paths as a table', 'Mood as a table', 'Moment']) expect(reached).toContain(name);
  }
});

test('the page stays where it is when the focus comes into the bar or the timeline', async () => {
  await using full = await openFull(375, 812);
  const { page } = full;
  await page.evaluate(() => scrollTo(0, 400));
  await poll(() => page.evaluate(() => scrollY)).toBe(400);
  for (const name of ['Previous message', 'Keys']) {
    await page.getByRole('button', { name }).focus();
    expect(await page.evaluate(() => scrollY)).toBe(400);
  }
});
