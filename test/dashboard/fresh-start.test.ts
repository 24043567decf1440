import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Drawn, FRAMES_A_SECOND, launchPages, poll } from './dashboard-page.ts';
import { startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const AGENTS = ['shadow', 'persona', 'anima_animus', 'self', 'ego'];

/** Notes, by the frames of the page since it was asked for, when each agent's first message is there. */
function watchAgents(): void {
  const spokeAt: Record<string, number> = {};
  const drawn = Object.assign(globalThis, { spokeAt }) as unknown as Drawn;
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver(() => {
      for (const message of document.querySelectorAll<HTMLElement>('.message:not(.speaking)')) {
        spokeAt[message.dataset['agent'] ?? ''] ??= drawn.framesDrawn;
      }
    }).observe(document.body, { subtree: true, childList: true });
  });
}

test('the first message is there within 3 s of a fresh start, and all five agents speak, without an error in the console', async () => {
  await using server = await startPageServer({ speed: 1, monitorIntervalMs: 500 });
  await using dashboard = await pages.open(server.url, { before: watchAgents, countsFrames: true });
  const { page } = dashboard;
  const spokeAt = () =>
    page.evaluate(() => (globalThis as unknown as { spokeAt: Record<string, number> }).spokeAt);
  await poll(async () => Object.keys(await spokeAt()).sort()).toEqual([...AGENTS].sort());
  expect(Math.min(...Object.values(await spokeAt()))).toBeLessThan(3 * FRAMES_A_SECOND);
  await poll(() => dashboard.panel('System').getByText('CPU', { exact: true }).isVisible()).toBe(true);
  await poll(() => dashboard.panel('Mood').locator('canvas').count()).toBe(2);
  expect(dashboard.sockets).toHaveLength(1);
  expect(dashboard.complaints).toEqual([]);
});

test('a page without a simulation says so, and shows the events that it gets', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url);
  const controls = dashboard.panel('Controls');
  await controls.getByText('No simulation runs on this server').waitFor();
  await dashboard.page.getByText('Nobody has spoken yet').waitFor();
  expect(await controls.getByRole('button', { name: 'Pause' }).count()).toBe(0);

  await controls.getByLabel('Who speaks').selectOption('Self');
  await controls.getByLabel('Message', { exact: true }).last().fill('Is anybody there?');
  await controls.getByRole('button', { name: 'Publish' }).click();
  await dashboard.feed.getByText('Is anybody there?').waitFor();
  expect(await dashboard.feed.locator('.message .speaker').allTextContents()).toEqual(['Self']);
  expect(dashboard.complaints).toEqual([]);
});
