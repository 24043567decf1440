import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { eventually } from '../client/eventually.ts';
import { startTestServer } from '../client/test-server.ts';
import { type BuiltPage, buildPage, serve } from '../setup/build-page.ts';
import { openContext } from '../setup/chromium.ts';
import { Collector } from '../support/collect.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import type { PageState } from './page/main.tsx';

/** See ./page/main.tsx. */
const KEEP_ALIVE_MS = 60_000;

let built: BuiltPage;

beforeAll(async () => {
  built = await buildPage('test/react/page', 'development');
}, 120_000);

/** A server and the page of ./page in a browser of its own; what the page complains about is in `complaints`. The test can stop the page's clock, and put it forward. */
async function open(query = '', manager?: EventManager) {
  const server = await startTestServer({ intercept: serve(built), ...(manager && { manager }) });
  const context = await openContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.clock.install();
  await page.goto(server.url + query);
  await page.waitForSelector('#list[data-status="live"]');
  await page.waitForSelector('#identity[data-status="live"]');
  const items = (list = 'list') => page.locator(`#${list} li`).allTextContents();
  const state = <K extends keyof PageState>(key: K) => page.evaluate((name) => window.page[name], key);
  return {
    server,
    page,
    complaints,
    items,
    state,
    async [Symbol.asyncDispose]() {
      await context.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Presses the button that the selector names. */
const press = (page: Page, selector: string) => page.locator(selector).click();

test('StrictMode and 20 hooks open one socket and one subscription per input, and none is left two seconds after unmount', async () => {
  await using app = await open();
  const { server, page, complaints } = app;
  expect(server.connections).toBe(1);
  // Three lists, 17 selectors and useEvent share one; useLatest, Negative and Identity have their own.
  const subscribers = (count: number) =>
    eventually(() => expect(server.manager.stats().subscribers).toBe(count));
  await subscribers(4);
  await press(page, '#toggle');
  await press(page, '#toggle');
  await page.waitForSelector('#list[data-status="live"]');
  await subscribers(4);
  await press(page, '#enable');
  await page.waitForSelector('#enable[data-status="live"]');
  await subscribers(5);
  await press(page, '#enable');
  await page.waitForSelector('#enable[data-status="connecting"]');
  await press(page, '#toggle');
  // A second after they left, the subscription of the lists is gone, and that of the disabled one.
  await subscribers(3);
  expect(server.connections).toBe(1);
  await page.evaluate(() => window.page.unmount());
  await eventually(() => {
    expect(server.manager.stats().subscribers).toBe(0);
    expect(server.sockets.size).toBe(0);
  });
  expect(complaints).toEqual([]);
});

test('1000 events in one tick are each rendered once, in order, in less than 20 commits', async () => {
  await using app = await open();
  const { server, page, items, state, complaints } = app;
  const before = await state('commits');
  const quietBefore = await state('quietCommits');
  const texts = Array.from({ length: 1000 }, (_, i) => `${i}`);
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 30_000)); // however slowly they arrive, it is one tick
  await server.manager.publishBatch(
    texts.map((text) => ({ event_type: 'agent_message', data: agentMessage(text) })),
  );
  await expect.poll(async () => (await state('handled')).length).toBe(1000);
  await page.clock.resume();
  await expect.poll(async () => (await items()).length).toBe(1000);
  expect(await items()).toEqual(texts);
  expect(await state('handled')).toEqual(texts);
  expect(await items('filtered')).toEqual(texts);
  // Both lists count, and StrictMode runs no effect twice after the mount.
  expect((await state('commits')) - before).toBeLessThan(2 * 20);
  // Selections have not changed, and handlers render nothing.
  expect(await state('quietCommits')).toBe(quietBefore);
  expect(complaints).toEqual([]);
});

test('[D12] a lost socket shows reconnecting, then all events without gap or duplicate', async () => {
  await using app = await open();
  const { server, page, items, state } = app;
  await server.manager.publish('agent_message', agentMessage('before'));
  await expect.poll(() => items()).toEqual(['before']);
  server.refusing = true;
  server.drop();
  await page.waitForSelector('#connection[data-status="reconnecting"]');
  await page.waitForSelector('#list[data-status="stale"]');
  expect(await items()).toEqual(['before']);
  for (const text of ['a', 'b', 'c']) await server.manager.publish('agent_message', agentMessage(text));
  await expect
    .poll(async () => Number(await page.getAttribute('#connection', 'data-attempt')))
    .toBeGreaterThan(1);
  server.refusing = false;
  await expect
    .poll(async () => {
      await press(page, '#connection button');
      return page.getAttribute('#connection', 'data-status');
    })
    .toBe('live');
  await page.waitForSelector('#list[data-status="live"][data-caught="3"]');
  expect(await items()).toEqual(['before', 'a', 'b', 'c']);
  expect(await state('handled')).toEqual(['before', 'a', 'b', 'c']);
  expect(await page.textContent('#list [data-id="gap"]')).toBe('none');
  expect((await state('states')).join(' ')).toMatch(/connecting( connecting)? live reconnecting live$/);
});

test('[D4] a gap is shown, and each hook keeps up to its limit and counts the rest', async () => {
  const broker = new MemoryBroker({ maxRecords: 100 });
  await using app = await open('/', new EventManager({ broker, catalog: psycheEvents }));
  const { server, page, items } = app;
  using handedOut = new Collector((signal) => server.manager.subscribe({ signal }));
  await server.manager.publish('agent_message', agentMessage('before'));
  await expect.poll(() => items()).toEqual(['before']);
  server.refusing = true;
  server.drop();
  await page.waitForSelector('#list[data-status="stale"]');
  // More than the server has in memory besides its log.
  const lost = Array.from({ length: 2100 }, (_, i) => agentMessage(`lost ${i}`));
  const kept = Array.from({ length: 100 }, (_, i) => agentMessage(`${i}`));
  for (const messages of [lost, kept]) {
    await server.manager.publishBatch(messages.map((data) => ({ event_type: 'agent_message', data })));
  }
  // While the server still hands them out, whoever comes back gets some that the log no longer has.
  await eventually(() => expect(handedOut.messages.at(-1)).toBe('99'));
  server.refusing = false;
  await page.waitForSelector('#list[data-status="live"]');
  expect(await page.textContent('#list [data-id="gap"]')).toBe('trimmed');
  expect(await items()).toEqual(['before', ...kept.map(({ message }) => message)]);
  expect(await page.getAttribute('#list', 'data-dropped')).toBe('0');
  expect(await page.textContent('#few')).toBe('97 98 99');
  expect(await page.getAttribute('#few', 'data-dropped')).toBe('98');
});

test('a server-rendered page is hydrated as it is, and goes live', async () => {
  await using app = await open('/?hydrate');
  const { server, items, state, complaints } = app;
  expect(await state('html')).toMatch(/id="list" data-status="connecting".*<ol><\/ol>/);
  await server.manager.publish('agent_message', agentMessage('after'));
  await expect.poll(() => items()).toEqual(['after']);
  expect(server.connections).toBe(1);
  expect(complaints).toEqual([]);
});

test('the provider’s token goes with each connection', async () => {
  await using app = await open('/?token');
  app.server.drop();
  await expect.poll(async () => app.server.tokens).toEqual(['of the page', 'of the page']);
});

test('an equal URL is the same server, and with a token where there was none what is below stays mounted', async () => {
  await using app = await open('/?exchange');
  const { server, page, items, complaints } = app;
  await press(page, '#identity');
  for (let i = 0; i < 2; i++) await press(page, '#render');
  expect(await page.textContent('#render')).toBe('2');
  expect(server.connections).toBe(1);
  await press(page, '#render');
  await expect.poll(async () => app.server.tokens).toEqual([undefined, 'later']);
  await page.waitForSelector('#list[data-status="live"]');
  await server.manager.publish('agent_message', agentMessage('after'));
  await expect.poll(() => items()).toEqual(['after']);
  expect(await page.textContent('#identity')).toBe('1');
  await eventually(() => expect(server.sockets.size).toBe(1));
  expect(complaints).toEqual([]);
});

test('a silent server is left when its answer is overdue, and the page’s own client stays open after unmount', async () => {
  await using app = await open('/?own');
  const { server, page, items } = app;
  server.refusing = true;
  for (const socket of server.sockets) socket.pause();
  for (const _ of ['it is asked', 'it has not answered']) await page.clock.fastForward(KEEP_ALIVE_MS);
  await page.waitForSelector('#list[data-status="stale"]');
  server.refusing = false;
  await page.waitForSelector('#list[data-status="live"]');
  expect(server.connections).toBe(2);
  await server.manager.publish('agent_message', agentMessage('after'));
  await expect.poll(() => items()).toEqual(['after']);
  for (const socket of server.sockets) if (socket.isPaused) socket.terminate();
  await page.evaluate(() => window.page.unmount());
  await eventually(() => expect(server.manager.stats().subscribers).toBe(0));
  expect(server.sockets.size).toBe(1);
});

test('a result keeps its identity through renders without news, even with inline filters', async () => {
  await using app = await open();
  const { page, state } = app;
  for (let i = 0; i < 3; i++) await press(page, '#identity');
  await expect.poll(() => state('kept')).toBeGreaterThanOrEqual(3);
});

test('[D8] a filter of conditions is applied by the server', async () => {
  await using app = await open();
  const { server, page } = app;
  const sentiment = { score: -0.5, label: 'negative' as const };
  await server.manager.publish('agent_message', agentMessage('good'));
  await server.manager.publish('agent_message', { ...agentMessage('bad'), sentiment });
  await expect.poll(() => page.textContent('#negative')).toBe('bad');
});

test('filter and useLatest select events, and loadOlder loads those before', async () => {
  await using app = await open();
  const { server, page, items } = app;
  expect(await page.textContent('#latest')).toBe('none');
  await server.manager.publish('system_status', systemStatus(42));
  await server.manager.publish('agent_message', agentMessage('secret'));
  await server.manager.publish('agent_message', agentMessage('open'));
  await expect.poll(() => page.textContent('#latest')).toBe('42');
  await expect.poll(() => items()).toEqual(['secret', 'open']);
  expect(await items('filtered')).toEqual(['open']);
  await page.reload();
  await page.waitForSelector('#list[data-status="live"]');
  await expect.poll(() => page.textContent('#latest')).toBe('42');
  expect(await items()).toEqual([]);
  await press(page, '#list button');
  await expect.poll(() => items()).toEqual(['secret', 'open']);
  await server.manager.publish('agent_message', agentMessage('new'));
  await expect.poll(() => items()).toEqual(['secret', 'open', 'new']);
});

test('usePublish tells pending, done, and an error as state, not as an exception', async () => {
  await using app = await open();
  const { server, page, items, complaints } = app;
  await press(page, '#publish button >> nth=0');
  await expect.poll(() => items()).toEqual(['from the page']);
  await press(page, '#publish button >> nth=1');
  await expect.poll(() => page.textContent('#publish p')).toMatch(/score/);
  server.refusing = true;
  server.drop();
  await page.waitForSelector('#connection[data-status="reconnecting"]');
  await press(page, '#publish button >> nth=0');
  await page.waitForSelector('#publish[data-pending="true"]');
  await press(page, '#publish button >> nth=2');
  await expect.poll(() => page.textContent('#publish p')).toMatch(/metadata\.at/);
  server.refusing = false;
  await page.waitForSelector('#publish[data-pending="false"]');
  await expect.poll(() => items()).toEqual(['from the page', 'from the page']);
  expect(await page.textContent('#publish p')).toMatch(/metadata\.at/); // the one that is done now was begun before
  await press(page, '#publish button >> nth=0');
  await expect.poll(() => page.textContent('#publish p')).toBe('none');
  expect(
    complaints.filter((complaint) => !/^(WebSocket connection|Failed to load resource)/.test(complaint)),
  ).toEqual([]);
});
