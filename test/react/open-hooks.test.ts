import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { eventually } from '../client/eventually.ts';
import { startTestServer } from '../client/test-server.ts';
import { openCatalog as catalog } from '../open/catalog.ts';
import { type BuiltPage, buildPage, serve } from '../setup/build-page.ts';
import { openContext } from '../setup/chromium.ts';
import type { OpenPageState } from './open-page/main.tsx';

const topic = 'run-42';
let built: BuiltPage;

beforeAll(async () => {
  built = await buildPage('test/react/open-page', 'development');
}, 120_000);

/** A server and the page of ./open-page in a browser of its own; what the page complains about is in `complaints`. */
async function open(query = '', hasWebSocket = true) {
  const server = await startTestServer({ intercept: serve(built), catalog });
  const client = createClient({ url: server.wsUrl, catalog });
  const context = await openContext();
  const page = await context.newPage();
  if (!hasWebSocket) await page.addInitScript(refuseWebSockets);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(server.url + query);
  const appears = (selector: string) => page.waitForSelector(selector, { state: 'attached' }); // some are empty
  await appears('#list[data-status="live"]');
  const text = (selector: string) => page.locator(selector).textContent();
  const show = (parts: Parameters<OpenPageState['show']>[0]) =>
    page.evaluate((more) => window.open_page.show(more), parts);
  const openNow = async () => {
    const { items } = await server.manager.openEvents({ topic });
    return items.map(({ event: { data } }) => Object.values(data).join());
  };
  return {
    ...{ server, client, page, complaints, text, show, openNow, appears },
    async [Symbol.asyncDispose]() {
      await context.close();
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** In the page: WebSockets go to a port that a browser asks nothing of, and are counted. */
function refuseWebSockets(): void {
  window.refused = 0;
  window.WebSocket = class extends WebSocket {
    constructor() {
      super('ws://127.0.0.1:1');
      window.refused++;
    }
  };
}

test('a reply that grows is one row, in its place, and open until it is done', async () => {
  await using app = await open();
  const { client, page, text } = app;
  const rows = () =>
    page
      .locator('#list li')
      .evaluateAll((all) => all.map((row) => `${row.textContent} ${row.dataset['state']}`));
  const reply = await client.begin('reply', { agent_id: 'a', text: '' }, { topic });
  await client.publish('note', { text: 'between' }, { topic });
  await expect.poll(rows).toEqual([' open', 'between undefined']);
  const mounts = await page.evaluate(() => window.open_page.mounts);
  for (const piece of ['it ', 'grows ', 'and grows']) await reply.append(piece);
  await expect.poll(rows).toEqual(['it grows and grows open', 'between undefined']);
  await expect.poll(() => text('#open')).toBe('it grows and grows');
  await reply.done();
  await expect.poll(rows).toEqual(['it grows and grows done', 'between undefined']);
  await expect.poll(() => text('#open')).toBe('');
  expect(await page.evaluate(() => window.open_page.mounts)).toBe(mounts);
  expect(app.complaints).toEqual([]);
});

test('[O1] questions are shown until they are answered, and one that was answered before says how', async () => {
  await using app = await open();
  const { client, page, server } = app;
  const asked = client.ask('approval', { tool: 'deploy' }, { topic });
  await page.getByRole('button', { name: 'deploy' }).click();
  expect(await asked).toMatchObject({ answer: { allow: true }, state: 'answered' });
  await expect.poll(() => page.locator('#questions button').count()).toBe(0);
  expect(await page.getAttribute('#questions', 'data-error')).toBe('none');

  const { answer } = server.manager.opens;
  server.manager.opens.answer = async (...args) => {
    await answer.apply(server.manager.opens, ['approval', { ...args[1], answer: { allow: false } }]);
    return answer.apply(server.manager.opens, args);
  };
  const again = client.ask('approval', { tool: 'erase' }, { topic });
  await page.getByRole('button', { name: 'erase' }).click();
  expect(await again).toMatchObject({ answer: { allow: false } });
  await app.appears('#questions[data-error="answered"][data-pending="false"]');
  expect(app.complaints).toEqual([]);
});

test('StrictMode and two components are one member, which says its data anew, and leaves when both are gone', async () => {
  await using app = await open();
  const { client, page, text, show, openNow, server } = app;
  await expect.poll(() => text('#watch')).toBe('Ada');
  await expect.poll(() => text('#second')).toBe('Ada');
  // List, replies, questions and viewers.
  await eventually(() => expect(server.manager.stats().subscribers).toBe(4));
  const other = await client.join('viewer', { name: 'Eve' }, { topic });
  await expect.poll(() => text('#watch')).toBe('Ada Eve');
  expect(await page.getAttribute('#watch', 'data-count')).toBe('2');
  await show({ name: 'Ida' });
  await expect.poll(() => text('#watch')).toBe('Ida Eve');
  await show({ watch: false });
  await show({ watch: true });
  await show({ second: false });
  await other.close();
  await expect.poll(() => text('#watch')).toBe('Ida');
  const history = await client.history({ topic });
  expect(history.items).toEqual([]); // a presence is no record
  await show({ watch: false });
  await expect.poll(openNow).toEqual([]);
  expect(app.complaints).toEqual([]);
});

test('a page that is closed leaves, and no more than one member was ever begun', async () => {
  await using app = await open();
  const { client, page, openNow } = app;
  const ids = new Set<string | undefined>();
  const states: (string | undefined)[] = [];
  const { ready } = client.on(
    'viewer',
    ({ open }) => {
      ids.add(open?.id);
      states.push(open?.state);
    },
    { topic },
  );
  await ready;
  await expect.poll(openNow).toEqual(['Ada']);
  await page.evaluate(() => window.open_page.unmount());
  await expect.poll(openNow).toEqual([]);
  await eventually(() => expect(states).toEqual(['open', 'left']));
  expect(ids.size).toBe(1);
  expect(app.complaints).toEqual([]);
});

test.each([
  ['left for another', 'a WebSocket', (page: Page) => page.goto('about:blank')],
  ['left for another', 'server-sent events', (page: Page) => page.goto('about:blank')],
  ['closed with its tab', 'a WebSocket', (page: Page) => page.close({ runBeforeUnload: true })],
  ['closed with its tab', 'server-sent events', (page: Page) => page.close({ runBeforeUnload: true })],
] as const)(
  '[O8] a page that is %s says so before its lease is over: over %s',
  async (_, transport, leave) => {
    await using app = await open('', transport === 'a WebSocket');
    const { client, page, server, openNow } = app;
    const states: (string | undefined)[] = [];
    await client.on('viewer', ({ open }) => states.push(open?.state), { topic }).ready;
    await expect.poll(openNow).toEqual(['Ada']);
    if (transport !== 'a WebSocket') {
      // The WebSocket is tried once more before the stream is kept, and until then there is none to leave by.
      await expect.poll(() => page.evaluate(() => window.refused)).toBe(2);
      await app.appears('#list[data-status="live"]');
      await eventually(() => expect(server.streams).toBe(1));
    }
    await leave(page);
    await eventually(() => expect(states.slice(-1)).toEqual(['left']));
  },
);

test('[O3] a page that comes late shows what is open; a server-rendered one is empty until then', async () => {
  await using app = await open('/?hydrate');
  const { client, page, text, complaints } = app;
  expect(await page.evaluate(() => window.open_page.html)).toMatch(
    /<ol id="list" data-status="connecting"><\/ol><output id="open"><\/output><form [^>]*><\/form><output id="watch" data-count="0">/,
  );
  const reply = await client.begin('reply', { agent_id: 'a', text: 'so far' }, { topic });
  await page.reload();
  await expect.poll(() => text('#open')).toBe('so far');
  await expect.poll(() => text('#list')).toBe('so far');
  await reply.append(', so good');
  await expect.poll(() => text('#open')).toBe('so far, so good');
  await expect.poll(() => text('#list')).toBe('so far, so good');
  expect(complaints).toEqual([]);
});
