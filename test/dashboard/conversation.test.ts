import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../cli/command.ts';
import { FRAMES_A_SECOND, launchPages, poll } from './dashboard-page.ts';
import { network, said, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

test('an event from another client or the command line is on the page within a second', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url, { countsFrames: true });
  const framesUntil = (text: string) =>
    dashboard.framesDuring(() => dashboard.feed.getByText(text).waitFor());
  await publisher.publish('agent_message', said('from elsewhere'));
  const first = await framesUntil('from elsewhere');
  const command = ['publish', 'agent_message', JSON.stringify(said('from a shell')), '--url', server.url];
  expect(await run(command)).toMatchObject({ code: 0, stderr: '' });
  const second = await framesUntil('from a shell');
  expect(Math.max(first, second)).toBeLessThan(FRAMES_A_SECOND);
});

test('the text of an agent is shown as text, whatever is in it', async () => {
  const trick = '<img src=x onerror="document.title=\'broken\'"><b>bold</b> &amp; {{1+1}} \u202Eesrever';
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish(
    'agent_message',
    said(trick, { agent_id: '<i>', agent_type: '<script>alert(1)</script>', metadata: { to: '<u>' } }),
  );
  await using dashboard = await pages.open(server.url);
  const { page, feed } = dashboard;
  await poll(() => dashboard.messages()).toEqual([trick]);
  expect(await feed.locator('.speaker').textContent()).toBe('<script>alert(1)</script>');
  expect(await feed.locator('img, b, script, i, u').count()).toBe(0);
  expect(await page.title()).toBe('Psyche Events');
  expect(dashboard.complaints).toEqual([]);
});

test('a text that is too long to show whole is cut between its characters, not within an emoji', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  // An emoji has two places in a text, so that one of these two has its emoji across the place of any cut.
  const texts = ['🦊'.repeat(700), `a${'🦊'.repeat(700)}`];
  for (const text of texts) await publisher.publish('agent_message', said(text));
  await using dashboard = await pages.open(server.url);
  await poll(async () => (await dashboard.allMessages()).length).toBe(2);
  for (const text of await dashboard.allMessages()) expect(text).toMatch(/^a?(?:🦊)+…$/u);
});

test('filters work while the browser does not let the address change, which has them all later', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('of the shadow'));
  await publisher.publish('agent_message', said('of the ego', { agent_id: 'ego', agent_type: 'Ego' }));
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await poll(() => dashboard.messages()).toEqual(['of the shadow', 'of the ego']);
  await page.evaluate(() => {
    history.replaceState = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
  });
  await page.keyboard.press('5');
  await poll(() => dashboard.messages()).toEqual(['of the ego']);
  await page.evaluate(() => Reflect.deleteProperty(history, 'replaceState'));
  await page.keyboard.press('1');
  await poll(() => dashboard.messages()).toHaveLength(2);
  expect(new URL(page.url()).search).toBe('?agents=shadow,ego');
  expect(dashboard.complaints).toEqual([]);
});

test('filters are kept in the address and restored from it, and the shown events can be exported', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('warm words'));
  await publisher.publish(
    'agent_message',
    said('cold words', { sentiment: { score: -0.5, label: 'negative' } }),
  );
  await publisher.publish(
    'agent_message',
    said('cold silence', { agent_id: 'ego', sentiment: { score: -0.5, label: 'negative' } }),
  );
  await publisher.publish('network_update', network('normal'));
  await publisher.publish('system_status', status(12));
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await poll(() => dashboard.messages()).toHaveLength(3);
  await page.getByRole('combobox', { name: 'Sentiment', exact: true }).selectOption('negative');
  await page.getByRole('button', { name: 'Shadow', exact: true }).click();
  await page.getByRole('searchbox').fill('words');
  await poll(() => dashboard.messages()).toEqual(['cold words']);
  expect(new URL(page.url()).search).toBe('?sentiment=negative&agents=shadow&q=words');
  await page.reload();
  await poll(() => dashboard.messages()).toEqual(['cold words']);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const lines = (await readFile(await download.path(), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ event_type: 'agent_message', data: { message: 'cold words' } });
  expect(lines[0].cursor).toMatch(/^\w+:2$/);

  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await page.getByRole('button', { name: 'System', exact: true }).click();
  await page.getByRole('button', { name: 'Network', exact: true }).click();
  await poll(() => dashboard.feed.locator('.event-line code').allTextContents()).toEqual([
    'network_update',
    'system_status',
  ]);
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('Nothing matches').waitFor();
});

test('the conversation keeps its scroll position, and shows the number of new messages', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  const publish = (from: number, to: number) =>
    publisher.publishBatch(
      Array.from({ length: to - from }, (_, index) => ({
        event_type: 'agent_message' as const,
        data: said(`message ${from + index}`),
      })),
    );
  await publish(0, 60);
  await using dashboard = await pages.open(server.url);
  const { page, feed } = dashboard;
  await feed.getByText('message 59', { exact: true }).waitFor();
  await publish(60, 70);
  await feed.getByText('message 69', { exact: true }).waitFor();
  expect(await page.locator('.to-end').count()).toBe(0);

  await feed.hover();
  await page.mouse.wheel(0, -1500);
  await page.getByRole('button', { name: 'Latest' }).waitFor();
  const top = () => feed.evaluate((element) => element.scrollTop);
  // Rows that come into sight are measured, and what is below them moves.
  let before = -1;
  await poll(async () => {
    const last = before;
    before = await top();
    return before === last;
  }).toBe(true);
  const inSight = await dashboard.messages();
  await publish(70, 75);
  await page.getByRole('button', { name: '5 new' }).waitFor();
  expect(await top()).toBe(before);
  expect(await dashboard.messages()).toEqual(inSight);
  await page.getByRole('button', { name: '5 new' }).click();
  await feed.getByText('message 74', { exact: true }).waitFor();
  await poll(() => page.locator('.to-end').count()).toBe(0);
});

test('older messages load on demand, before those that are there', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  const all = Array.from({ length: 1020 }, (_, index) => `message ${index}`);
  const events = all.map((text) => ({ event_type: 'agent_message' as const, data: said(text) }));
  await publisher.publishBatch(events.slice(0, 500));
  await publisher.publishBatch(events.slice(500));
  await using dashboard = await pages.open(server.url, { viewport: { width: 1440, height: 3000 } });
  const { page, feed } = dashboard;
  await feed.getByText('message 1019', { exact: true }).waitFor();
  await feed.evaluate((element) => element.scrollTo({ top: 0 }));
  await page.getByRole('button', { name: 'Load what came before' }).click();
  await page.getByText('This is the beginning').waitFor();
  const rows = feed.getByRole('article').first();
  await poll(async () => Number(await rows.getAttribute('aria-setsize'))).toBeGreaterThanOrEqual(all.length);
  expect(await dashboard.allMessages()).toEqual(all);
});

test('an invalid topic makes the page say so, with a link to a valid one', async () => {
  await using server = await startPageServer();
  // There is a connection, and nothing that is live.
  await using dashboard = await pages.open(`${server.url}/?topic=no%20topic`, { live: false });
  const { page } = dashboard;
  await page.getByText('The events cannot be read').waitFor();
  await dashboard.connection.getByText('Connected').waitFor();
  await page.getByRole('button', { name: 'Go to the default topic' }).click();
  await page.getByText('Nobody has spoken yet').waitFor();
  expect(dashboard.complaints).toEqual([]);
});
