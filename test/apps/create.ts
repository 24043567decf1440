import type { BrowserContext } from 'playwright-core';
import { expect } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import { defineEvents } from '../../shared/catalog.ts';
import { openContext } from '../setup/chromium.ts';
import type { Application } from './application.ts';
import { warningsIn } from './warnings.ts';

/** Words of npm that run a script of an application on a free port. */
export const onFreePort = (script: string, ...args: string[]) => [
  'run',
  '--silent',
  script,
  '--',
  ...args,
  '--port',
  '0',
];

/** Says something in one window of an application's page, and waits until another window shows it. */
export async function expectHeard(url: string, { rows = 1 } = {}): Promise<void> {
  await using here = await openContext();
  await using elsewhere = await openContext();
  const said: string[] = [];
  const open = async (context: BrowserContext) => {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`error: ${error.message}`));
    await page.goto(url);
    return page;
  };
  const [one, other] = [await open(here), await open(elsewhere)];
  await one.getByLabel('Message').fill('Is anybody there?');
  await one.getByRole('button', { name: 'Say' }).click();
  for (const page of [one, other]) {
    await expect
      .poll(() => page.locator('li').allTextContents(), { timeout: 60_000 })
      .toContainEqual(expect.stringMatching(/^Is anybody there\?/));
    await expect.poll(() => page.locator('li').count(), { timeout: 60_000 }).toBe(rows);
  }
  expect(warningsIn(said.join('\n'))).toEqual([]);
  expect(said.filter((line) => line.startsWith('error: '))).toEqual([]);
}

/** Templates name their versions of tRPC: two copies would not know each other's items. */
export async function expectOneTrpc(app: Application): Promise<void> {
  for (const shared of ['@trpc/server', '@trpc/client']) {
    expect(await app.copiesOf(shared), shared).toHaveLength(1);
  }
}

/** A client that no WebSocket gets through to follows and publishes under the key `events`. */
export async function expectStreamed(url: string): Promise<void> {
  const catalog = defineEvents({ message: z.object({ text: z.string(), at: z.date() }) });
  const client = createClient({ url, path: 'events', catalog, transports: ['sse'] });
  try {
    const heard = new Promise<string>((resolve, reject) => {
      client.on('message', ({ data }) => resolve(data.text), { onError: reject });
    });
    const published = client.publish('message', { text: 'Past a proxy', at: new Date() });
    expect(await Promise.all([heard, published])).toMatchObject(['Past a proxy', {}]);
    expect(client.connection.state.transport).toBe('sse');
  } finally {
    await client.close();
  }
}
