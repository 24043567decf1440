import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey } from '../access/harness.ts';
import { lineTo } from './breakable-line.ts';
import { type DashboardPage, launchPages, poll } from './dashboard-page.ts';
import { said, state, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** The figures of the block, by name. */
async function figures(dashboard: DashboardPage): Promise<Record<string, string>> {
  const all = await dashboard
    .panel('Events')
    .locator('.figure')
    .evaluateAll((list) =>
      list.map((figure) => [
        figure.querySelector('dt')?.textContent ?? '',
        figure.querySelector('dd')?.textContent ?? '',
      ]),
    );
  return Object.fromEntries(all);
}

function millis(text = ''): number {
  const [, value, unit] = /^([\d.]+) (ms|s)$/.exec(text) ?? [];
  return Number(value) * (unit === 's' ? 1000 : 1);
}

test('the analytics match the events: totals and rates per type, published, queue, subscribers and errors', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  const aMinuteAgo = new Date(Date.now() - 61_000).toISOString();
  await publisher.publishBatch([{ event_type: 'system_status', data: status(5), timestamp: aMinuteAgo }]);
  await using dashboard = await pages.open(server.url);
  const total = (type: string) =>
    dashboard.panel('Events').locator(`tr[data-type="${type}"]`).getAttribute('data-total');
  const rate = (type: string) =>
    dashboard.panel('Events').locator(`tr[data-type="${type}"] td`).nth(1).textContent();
  for (let turn = 1; turn <= 6; turn++) await publisher.publish('agent_message', said(`turn ${turn}`));
  await publisher.publish('simulation_state', state(0.1));
  const invalid = publisher.publish('agent_message', said('', { sentiment: { score: 7, label: 'neutral' } }));
  await expect(invalid).rejects.toThrow(/score/);

  await poll(() => total('agent_message')).toBe('6');
  expect(await total('simulation_state')).toBe('1');
  // Over the last minute.
  await poll(() => rate('agent_message')).toBe('0.10');
  await poll(() => figures(dashboard)).toMatchObject({
    Published: '8',
    Queue: '0',
    Subscribers: '1',
    Errors: '1',
  });
  await dashboard.panel('Events').getByText('Errors: 1 invalid').waitFor();
});

test.each([
  ['right', 0],
  ['an hour behind', -3_600_000],
  ['an hour ahead', 3_600_000],
])('delivery times and rates are right, even if the page’s clock is %s', async (_, offsetMs) => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page } = dashboard;
  await page.addInitScript((ms) => {
    const real = Date.now.bind(Date);
    Date.now = () => real() + ms;
  }, offsetMs);
  await page.goto(server.url);
  await dashboard.connection.getByText('Live').waitFor();
  for (let turn = 1; turn <= 5; turn++) {
    await publisher.publish('agent_message', said(`turn ${turn}`));
    await dashboard.feed.getByText(`turn ${turn}`, { exact: true }).waitFor();
  }
  // An event with an older time of its own was not under way since then.
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  await publisher.publishBatch([{ event_type: 'agent_message', data: said('old'), timestamp: yesterday }]);
  await dashboard.feed.getByText('old', { exact: true }).waitFor();
  await poll(async () => millis((await figures(dashboard))['Transport p99'])).toBeGreaterThan(0);
  expect(millis((await figures(dashboard))['Transport p50'])).toBeLessThan(3000);
  // Rates too: a message of just now is one of the last ten seconds, and of the last minute.
  const rates = async () => {
    await publisher.publish('agent_message', said('now'));
    const row = dashboard.panel('Events').locator('tr[data-type="agent_message"] td');
    return [await page.locator('.bar-figure b').first().textContent(), await row.nth(1).textContent()];
  };
  await poll(async () => (await rates()).map((rate) => Number(rate) > 0)).toEqual([true, true]);
  // And the figures of the server are those that it had told by the moment of a replay.
  await poll(async () => (await figures(dashboard))['Published']).toMatch(/\d/);
  for (const words of ['then', 'last']) await publisher.publish('agent_message', said(words));
  await dashboard.feed.getByText('last', { exact: true }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.locator('.chip.replay').waitFor();
  expect((await figures(dashboard))['Published']).toMatch(/\d/);
});

test('the delivery time of a single event is shown to a page that may not ask for the figures of the server', async () => {
  const topics = ['*'];
  const keys = [
    apiKey('reader', 'reader', { topics, subscribe: ['*'] }),
    apiKey('writer', 'writer', { topics, publish: ['*'] }),
  ];
  await using server = await startPageServer({}, { AUTH_API_KEYS: JSON.stringify(keys) });
  await using dashboard = await pages.open('about:blank', { live: false });
  await dashboard.page.context().addCookies([{ name: 'psyche_token', value: 'reader', url: server.url }]);
  await dashboard.page.goto(server.url);
  await dashboard.connection.getByText('Live').waitFor(); // an event of a catch-up is not timed
  await using publisher = publishTo(server.url, 'writer');
  await publisher.publish('agent_message', said('once'));
  await dashboard.feed.getByText('once', { exact: true }).waitFor();
  // Nothing else happens to the page.
  await poll(async () => (await figures(dashboard))['Screen p50']).toMatch(/ m?s$/);
  expect((await figures(dashboard))['Published']).toBe(undefined);
});

test('a page that draws slowly has its own delay counted apart from the transport', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url);
  // Each change of the conversation takes a while to draw.
  const slowMs = 200;
  await dashboard.page.evaluate((ms) => {
    const real = Element.prototype.getBoundingClientRect;
    new MutationObserver(() => {
      const until = performance.now() + ms;
      while (performance.now() < until) real.call(document.body);
    }).observe(document.querySelector('.feed, .empty')?.parentElement ?? document.body, {
      childList: true,
      subtree: true,
    });
  }, slowMs);
  for (let turn = 1; turn <= 5; turn++) {
    await publisher.publish('agent_message', said(`turn ${turn}`));
    await dashboard.feed.getByText(`turn ${turn}`, { exact: true }).waitFor();
  }
  await poll(async () => millis((await figures(dashboard))['Screen p50'])).toBeGreaterThanOrEqual(slowMs);
  const { 'Transport p50': transport, 'Screen p50': screen } = await figures(dashboard);
  expect(millis(transport)).toBeLessThan(millis(screen));
});

describe('only what was under way is timed as a delivery:', () => {
  /** So long ago that no machine is as slow, and not so long that nothing could be under way since. */
  const AGO_MS = 40_000;
  const SLOWEST_MS = 20_000;

  /** Publishes what seems to have been under way for long. */
  async function publishOld(url: string, texts: readonly string[]): Promise<void> {
    await using publisher = publishTo(url);
    const timestamp = new Date(Date.now() - AGO_MS).toISOString();
    await publisher.publishBatch(
      texts.map((text) => ({ event_type: 'agent_message', data: said(text), timestamp })),
    );
  }

  /** The longest delivery, once one more has come. */
  async function longest(dashboard: DashboardPage, url: string, part: 'Transport' | 'Screen') {
    await using publisher = publishTo(url);
    const text = crypto.randomUUID();
    await publisher.publish('agent_message', said(text));
    await dashboard.feed.getByText(text, { exact: true }).waitFor();
    await poll(async () => (await figures(dashboard))[`${part} p99`]).toMatch(/ m?s$/);
    return millis((await figures(dashboard))[`${part} p99`]);
  }

  test('no event of a catch-up', async () => {
    await using server = await startPageServer();
    await using line = await lineTo(server.url);
    await using dashboard = await pages.open(line.url);
    expect(await longest(dashboard, server.url, 'Transport')).toBeLessThan(SLOWEST_MS);
    line.cut();
    await dashboard.connection.getByText('Reconnecting').waitFor();
    await publishOld(server.url, ['one', 'two', 'three']);
    line.mend();
    await dashboard.retryNow();
    await dashboard.feed.getByText('three', { exact: true }).waitFor();
    await dashboard.connection.getByText('Live').waitFor();
    await dashboard.page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await longest(dashboard, server.url, 'Transport')).toBeLessThan(SLOWEST_MS);
  });

  test('no event that comes during a replay', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url);
    const { page } = dashboard;
    await server.events.publish('agent_message', said('first'));
    expect(await longest(dashboard, server.url, 'Transport')).toBeLessThan(SLOWEST_MS);
    await page.keyboard.press('ArrowLeft');
    await page.locator('.chip.replay').waitFor();
    await publishOld(server.url, ['meanwhile']);
    const total = dashboard.panel('Events').locator('tr[data-type="agent_message"]');
    const slider = page.getByRole('slider', { name: 'Moment' });
    const end = await slider.getAttribute('max');
    await server.events.publish('agent_message', said('and this'));
    // The timeline tells that they have come.
    await poll(() => slider.getAttribute('max')).not.toBe(end);
    await page.keyboard.press('l');
    await poll(() => total.getAttribute('data-total')).toBe('4');
    await page.evaluate(() => new Promise(requestAnimationFrame));
    await server.events.publish('agent_message', said('last'));
    await dashboard.feed.getByText('last', { exact: true }).waitFor();
    expect(millis((await figures(dashboard))['Transport p99'])).toBeLessThan(SLOWEST_MS);
  });

  test('no event that a hidden tab had to wait with', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url);
    const { page } = dashboard;
    await page.evaluate(holdFrames);
    await server.events.publish('agent_message', said('hidden'));
    await dashboard.feed.getByText('hidden', { exact: true }).waitFor();
    await page.evaluate((ms) => (globalThis as unknown as Frames).showAfter(ms), AGO_MS);
    expect(await longest(dashboard, server.url, 'Screen')).toBeLessThan(SLOWEST_MS);
  });
});

interface Frames {
  /** Lets the tab be seen again after some ms, as its clock has it. */
  showAfter(ms: number): void;
}

/** Runs in the page, whose tab is hidden then: it has no frames. */
function holdFrames(): void {
  const { requestAnimationFrame: request } = globalThis;
  const held: FrameRequestCallback[] = [];
  globalThis.requestAnimationFrame = (callback) => held.push(callback);
  Object.assign(globalThis, {
    showAfter(ms: number) {
      const real = Date.now.bind(Date);
      Date.now = () => real() + ms;
      document.dispatchEvent(new Event('visibilitychange'));
      globalThis.requestAnimationFrame = request;
      for (const callback of held) request(callback);
    },
  });
}
