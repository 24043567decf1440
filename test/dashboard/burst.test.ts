import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** React tells its developer tools of each commit, also in production. Notes what has arrived, too. */
function countCommits(): void {
  const counter = { commits: 0, arrived: 0 };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        counter.arrived += String(data).match(/"message \d+"/g)?.length ?? 0;
      });
    }
  };
  Object.assign(globalThis, {
    counter,
    __REACT_DEVTOOLS_GLOBAL_HOOK__: {
      supportsFiber: true,
      inject: () => 1,
      onCommitFiberUnmount() {},
      onPostCommitFiberRoot() {},
      onCommitFiberRoot() {
        counter.commits++;
      },
    },
  });
}

// A busy machine takes long to draw each of a thousand rows, which are read while scrolling.
test('1000 events in one tick are each shown once, in order, in fewer than 20 commits', {
  timeout: 180_000,
}, async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url, { before: countCommits });
  const { page } = dashboard;
  const count = (what: 'commits' | 'arrived') =>
    page.evaluate(
      (name) => (globalThis as unknown as { counter: Record<string, number> }).counter[name],
      what,
    );
  await publisher.publish('agent_message', said('before'));
  await dashboard.feed.getByText('before', { exact: true }).waitFor();

  const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
  // One tick of the page, however long a busy machine takes to bring them: its timers stand until all are there.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 30_000);
  const before = await count('commits');
  await publisher.publishBatch(texts.map((text) => ({ event_type: 'agent_message', data: said(text) })));
  await poll(() => count('arrived')).toBe(texts.length);
  const since = performance.now();
  await page.clock.resume();
  await dashboard.feed.getByText('message 999', { exact: true }).waitFor();
  const during = Number(await count('commits')) - Number(before);
  // The page's own clocks and figures move each second, however long a busy machine takes to draw.
  const bySeconds = Math.floor((performance.now() - since) / 1000) * 2;

  await page.setViewportSize({ width: 1440, height: 3000 });
  expect(await dashboard.allMessages()).toEqual(['before', ...texts]);
  expect(during).toBeLessThan(20 + bySeconds);
  expect(dashboard.complaints).toEqual([]);
});
