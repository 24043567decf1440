import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import { createAppRouter, EventManager, loadConfig, MemoryBroker, startServer } from '../../server/index.ts';
import { defineEvents, psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { launchPages, poll } from './dashboard-page.ts';
import { BUILT } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const catalog = defineEvents({
  order: z.object({
    state: z.enum(['open', 'paid']),
    total: z.bigint(),
    at: z.date(),
    customer: z.object({ name: z.string(), visits: z.number() }),
    stock: z.map(z.string(), z.number()),
  }),
  refund: z.object({ reason: z.string() }),
});

async function startShop() {
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, {});
  const server = await startServer(config, { catalog, pageDir: BUILT });
  const client = createClient({ url: server.url, catalog });
  const order = (name: string, state: 'open' | 'paid', topic?: string) =>
    client.publish(
      'order',
      {
        state,
        total: 12n,
        at: new Date(0),
        customer: { name, visits: name.length },
        stock: new Map([['tea', 3]]),
      },
      { topic },
    );
  const close = async (): Promise<void> => {
    await client.close();
    await server.close();
  };
  return { ...server, client, order, [Symbol.asyncDispose]: close };
}

test('an application’s own events are shown one by one with their data, and text stays text', async () => {
  await using shop = await startShop();
  await shop.order('<img src=x onerror="globalThis.ran = true">', 'open');
  await using dashboard = await pages.open(shop.url);
  const { page } = dashboard;
  const event = page.locator('.event').first();
  await event.locator('summary').first().click();
  await event.getByText('total', { exact: true }).waitFor();
  expect(await event.getByText('1970-01-01T00:00:00.000Z', { exact: true }).isVisible()).toBe(true);
  // Parts are closed, and not drawn before they are opened.
  expect(await event.getByText('visits', { exact: true }).count()).toBe(0);
  await event.locator('.json-branch summary', { hasText: 'customer' }).click();
  await event.getByText('<img src=x onerror=').last().waitFor();
  expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
  // The timeline goes along these events.
  await shop.order('Grace', 'paid');
  await poll(() => page.locator('.event').count()).toBe(2);
  await page.getByRole('button', { name: 'Previous message' }).click();
  await poll(() => page.locator('.event').count()).toBe(1);
  expect(await page.locator('.panel.network, .panel.mood, .panel.controls').count()).toBe(0);
  expect(dashboard.complaints).toEqual([]);
});

test('[V6] a line tells who published, where that is known, and text stays text', async () => {
  const publisher = '<b>alice</b>';
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, {});
  const events = new EventManager({ broker: new MemoryBroker(), catalog: psycheEvents });
  const server = await startServer(config, {
    pageDir: BUILT,
    application: () => ({ router: createAppRouter(events) }),
  });
  try {
    const message = { ...agentMessage('by somebody'), metadata: {} };
    await events.publish('agent_message', message, { by: publisher });
    await events.publish('agent_message', { ...message, message: 'by nobody' });
    await using dashboard = await pages.open(server.url);
    const row = (text: string) => dashboard.page.locator('.message', { hasText: text });
    await row('by nobody').waitFor();
    expect(await row('by somebody').locator('.publisher').allTextContents()).toEqual([`by ${publisher}`]);
    expect(await row('by nobody').locator('.publisher').count()).toBe(0);
    expect(dashboard.complaints).toEqual([]);
  } finally {
    await server.close();
    await events.close();
  }
});

test('filters are built from the server’s schema, and kept in the address', async () => {
  await using shop = await startShop();
  await shop.order('Ada', 'open');
  await shop.order('Grace', 'paid');
  await shop.client.publish('refund', { reason: 'broken' });
  await using dashboard = await pages.open(shop.url);
  const { page } = dashboard;
  const shown = () => page.locator('.event-line').count();
  await poll(shown).toBe(3);
  await page.getByRole('button', { name: 'refund' }).click();
  await poll(shown).toBe(1);
  expect(
    await page.getByRole('combobox', { name: 'Field', exact: true }).locator('option').allTextContents(),
  ).toEqual(['Any field', 'reason']);
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await page.getByRole('combobox', { name: 'Field', exact: true }).selectOption('state');
  await page.getByRole('combobox', { name: 'Value', exact: true }).selectOption('paid');
  await poll(shown).toBe(1);
  await page.getByRole('combobox', { name: 'Field', exact: true }).selectOption('customer.visits');
  await page.getByRole('combobox', { name: 'Comparison' }).selectOption('lt');
  await page.getByRole('textbox', { name: 'Value', exact: true }).fill('4');
  await poll(shown).toBe(1);
  await page.reload();
  await page.getByText('Ada').first().waitFor();
  expect(await shown()).toBe(1);
  expect(new URL(page.url()).searchParams.get('where')).toBe('customer.visits~lt~4');
});

test('the picker offers the topics that hold events, and opens one', async () => {
  await using shop = await startShop();
  await shop.order('Ada', 'open');
  await shop.order('Grace', 'paid', 'shop-2');
  await shop.order('Edith', 'paid', '_private');
  await using dashboard = await pages.open(shop.url);
  const { page } = dashboard;
  await page.getByText('Ada').first().waitFor();
  await page.getByRole('button', { name: 'topic default' }).click();
  const names = () => page.locator('.topics button').allTextContents();
  await poll(names).toEqual(['_private', 'default', 'shop-2']);
  await page.getByRole('dialog').getByRole('textbox').fill('sh');
  await poll(names).toEqual(['shop-2']);
  await page.getByRole('button', { name: 'shop-2' }).click();
  await page.getByText('Grace').first().waitFor();
  expect(await page.getByText('Ada').count()).toBe(0);
  expect(new URL(page.url()).search).toBe('?topic=shop-2');
  expect(dashboard.complaints).toEqual([]);
});

test('events with names of the simulation’s and other data are shown as an application’s own', async () => {
  const namesakes = defineEvents({
    agent_message: z.object({ agent_id: z.string(), body: z.string() }),
    network_update: z.object({ connections: z.number() }),
    system_status: z.object({ lamp: z.enum(['on', 'off']) }),
    agent_processing: z.object({ status: z.literal('error') }),
    simulation_state: z.object({ tick: z.string() }),
  });
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, {});
  const server = await startServer(config, { catalog: namesakes, pageDir: BUILT });
  const client = createClient({ url: server.url, catalog: namesakes });
  await client.publish('agent_message', { agent_id: 'ego', body: 'of another kind' });
  await client.publish('network_update', { connections: 7 });
  await client.publish('system_status', { lamp: 'on' });
  await client.publish('agent_processing', { status: 'error' });
  await client.publish('simulation_state', { tick: 'tock' });
  {
    await using dashboard = await pages.open(server.url);
    const { page } = dashboard;
    await poll(() => page.locator('.event').count()).toBe(5);
    await page.locator('.event summary', { hasText: 'agent_message' }).click();
    await page.getByText('of another kind').last().waitFor();
    await page.getByRole('heading', { name: 'Log' }).waitFor();
    expect(await page.locator('.panel.network, .panel.mood, .panel.controls, .panel.system').count()).toBe(0);
    expect(await page.locator('.chips.types').getByRole('button').allTextContents()).toEqual([
      ...namesakes.names,
    ]);
    expect(await page.getByRole('alert').allTextContents()).toEqual([]);
    expect(dashboard.complaints).toEqual([]);
  }
  await client.close();
  await server.close();
});

test('a page that could not be told the server’s events at first shows them as those they are once it is', async () => {
  await using shop = await startShop();
  await shop.order('Ada', 'open');
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page } = dashboard;
  let asked = 0;
  await page.route('**/schema.json', (route) => (asked++ === 0 ? route.abort() : route.continue()));
  await page.goto(shop.url);
  await page.getByRole('heading', { name: 'Log' }).waitFor();
  await page.locator('.event', { hasText: 'Ada' }).waitFor();
  expect(await page.locator('.panel.network, .panel.controls').count()).toBe(0);
});
