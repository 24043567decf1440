import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DashboardPage, launchPages, poll } from './dashboard-page.ts';
import { network, said, state, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** Everything that is clicked; of a label its box counts, not that of the field that it hides. */
const TARGETS =
  'button, summary, select, a[href], [role="button"], label.segment, input:not([type="radio"]):not([type="checkbox"])';

test.each([1440, 1024, 375])('every target is at least 24 px at a width of %i px', async (width) => {
  await using server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('Words.'));
  await publisher.publish('system_status', status(5));
  await using dashboard = await pages.open(server.url, { viewport: { width, height: 900 } });
  const { page } = dashboard;
  await dashboard.feed.getByText('Words.').waitFor();
  await page.getByText('System as a table').waitFor();
  const small = await page.locator(TARGETS).evaluateAll((elements) =>
    elements
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
      .map(({ element, box }) => `${element.outerHTML.slice(0, 120)} ${box.width} × ${box.height}`),
  );
  expect(small).toEqual([]);
});

test('the form for a message is fully visible at 1440 × 900', async () => {
  await using server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await page.locator('label.segment').getByText('Message', { exact: true }).click();
  const publish = dashboard.panel('Controls').getByRole('button', { name: 'Publish' });
  await publish.waitFor();
  const bottom = async () => {
    const box = await publish.boundingBox();
    return box ? box.y + box.height : Number.NaN;
  };
  const timeline = (await page.getByRole('region', { name: 'Timeline' }).boundingBox())?.y;
  expect(await bottom()).toBeLessThanOrEqual((timeline ?? 0) - 8);
});

test('a name that is one long word stays within its row at a width of 375 px', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  const name = 'Longname'.repeat(12);
  await publisher.publish('agent_message', said('Words.', { agent_type: name, metadata: { to: name } }));
  await using dashboard = await pages.open(server.url, { viewport: { width: 375, height: 900 } });
  await dashboard.feed.getByText('Words.').waitFor();
  const heads = dashboard.feed.locator('.message-head');
  expect(await heads.count()).toBe(1);
  expect(await heads.evaluate((head) => head.scrollWidth - head.clientWidth)).toBe(0);
});

test('nothing on the page says that it is live during playback', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  for (const words of ['one', 'two']) await publisher.publish('agent_message', said(words));
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  const word = dashboard.connection.locator('.connection-word');
  await dashboard.feed.getByText('two', { exact: true }).waitFor();
  expect(await word.textContent()).toBe('Live');
  await page.keyboard.press('ArrowLeft');
  await page.locator('.chip.replay').waitFor();
  expect(await word.textContent()).toBe('Connected');
  await page.keyboard.press('l');
  await poll(() => word.textContent()).toBe('Live');
});

/** Runs in the page: keeps how many messages it counted as it first called itself live. */
function noteFirstLive(): void {
  const observer = new MutationObserver(() => {
    if (!document.querySelector('.connection[data-status="live"]')) return;
    observer.disconnect();
    document.body.dataset['first'] = document.querySelector<HTMLElement>('[data-count]')?.dataset['count'];
  });
  observer.observe(document, { subtree: true, childList: true, attributeFilter: ['data-status'] });
}

test('the page calls itself live when it has caught up, and not before', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publishBatch(
    ['one', 'two', 'three'].map((word) => ({ event_type: 'agent_message', data: said(word) })),
  );
  await using dashboard = await pages.open(server.url, { before: noteFirstLive });
  expect(await dashboard.page.getAttribute('body', 'data-first')).toBe('3');
});

/** A page that nobody speaks on, in an emergency: its network has the most paths, and its bar the most to say. */
async function openAtRest(url: string, width: number, height: number): Promise<DashboardPage> {
  await using publisher = publishTo(url);
  await publisher.publish('agent_message', said('Words.'));
  await publisher.publish('system_status', status(5));
  await publisher.publish('network_update', network('emergency'));
  const dashboard = await pages.open(url, { viewport: { width, height } });
  await dashboard.page.locator('.edge[data-type="emergency"]').first().waitFor();
  await dashboard.page.getByText('System as a table').waitFor();
  return dashboard;
}

test.each([
  [1440, 900],
  [1240, 650],
  [768, 1024],
  [700, 900],
  [320, 640],
])('open tables stay in their panels at %i × %i', async (width, height) => {
  await using server = await startPageServer();
  await using dashboard = await openAtRest(server.url, width, height);
  const { page } = dashboard;
  for (const name of ['Paths', 'Mood', 'System']) await page.getByText(`${name} as a table`).click();
  const table = page.getByRole('region', { name: 'Paths' });
  await table.waitFor();
  const bottom = async (): Promise<number> => {
    const box = await table.boundingBox();
    return box ? box.y + box.height : Number.NaN;
  };
  expect(await bottom()).toBeLessThan((await dashboard.panel('Controls').boundingBox())?.y ?? 0);
  const { overflow, scrolls } = await page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return { overflow: scrollWidth - clientWidth, scrolls: scrollHeight > clientHeight };
  });
  expect(overflow).toBe(0);
  // Where there are three columns, they scroll, and the page does not.
  expect(scrolls).toBe(width < 1240);
});

test.each([
  [1024, 768],
  [768, 1024],
  [700, 900],
])(
  'the feed stands between bar and timeline at %i × %i, however much the bar says',
  async (width, height) => {
    await using server = await startPageServer();
    await using dashboard = await openAtRest(server.url, width, height);
    const { page } = dashboard;
    const edges = () =>
      page.evaluate(() => {
        const box = (selector: string) => document.querySelector(selector)?.getBoundingClientRect();
        const [bar, conversation, timeline] = ['.bar', '.conversation', '.timeline'].map(box);
        return {
          above: (conversation?.top ?? 0) - (bar?.bottom ?? 0),
          below: (timeline?.top ?? 0) - (conversation?.bottom ?? 0),
        };
      });
    await poll(edges).toEqual({ above: 0, below: 0 });
    await page.evaluate(() => scrollTo(0, 300));
    await poll(edges).toEqual({ above: 0, below: 0 });
  },
);

test('the feed ends where the timeline begins, however large the viewer has made the text', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('Words.'));
  await using dashboard = await pages.open(`${server.url}?at=none:1`, {
    viewport: { width: 768, height: 1024 },
    before: () =>
      addEventListener('DOMContentLoaded', () => {
        document.documentElement.style.fontSize = '200%';
      }),
  });
  const { page } = dashboard;
  await page.getByText('That moment is no longer in the log.').waitFor();
  const boxOf = (selector: string) => page.locator(selector).boundingBox();
  await poll(async () => (await boxOf('.timeline'))?.height).toBeGreaterThan(65);
  // Browsers round the height of the timeline.
  await poll(async () => {
    const [conversation, timeline] = [await boxOf('.conversation'), await boxOf('.timeline')];
    const end = conversation ? conversation.y + conversation.height : Number.NaN;
    return Math.abs((timeline?.y ?? 0) - end);
  }).toBeLessThanOrEqual(1);
});

test('numbers and names of any size push nothing off a page of 375 px', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  const { performance_metrics: metrics, ...rest } = status(5);
  const most = { cpu_percent: 1e308, rss_bytes: 1e300, thread_count: 1e300, event_loop_delay_p99_ms: 1e300 };
  await publisher.publish('system_status', {
    ...rest,
    health_status: 'error',
    error_count: 1e300,
    performance_metrics: { ...metrics, ...most },
    metadata: { node: 'longname'.repeat(15) },
  });
  await publisher.publish('system_status', status(5));
  await using dashboard = await pages.open(server.url, { viewport: { width: 375, height: 900 } });
  const { page } = dashboard;
  await page.getByText('longname').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
});

test('rows of long texts are no higher than a screen, and say that there is more', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  const long = `${'\n'.repeat(900)}end`;
  await publisher.publish('agent_message', said(long));
  await publisher.publish('simulation_state', { ...state(0.1), stimulus: long });
  await using dashboard = await pages.open(server.url);
  const more = dashboard.feed.getByRole('button', { name: 'Show all' }).last();
  await more.waitFor();
  const heights = await dashboard.feed
    .locator('article')
    .evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
  expect(Math.max(...heights)).toBeLessThan(900);
  await more.click();
  await dashboard.feed.getByText('end').waitFor();
});

test('zoomed in to 200 % the conversation has room for two messages', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  for (const words of ['one', 'two', 'three']) await publisher.publish('agent_message', said(words));
  await using dashboard = await pages.open(server.url, { viewport: { width: 720, height: 450 } });
  await dashboard.feed.getByText('three').waitFor();
  expect((await dashboard.feed.boundingBox())?.height).toBeGreaterThan(150);
});
