import { expect } from 'vitest';
import { launchChromium } from '../setup/chromium.ts';
import { warningsIn } from './warnings.ts';

/** Opens a page, waits until it shows a dream by our hooks and by tRPC's own client, and reads its console. */
export async function expectDreams(url: string, own: string, stock: string): Promise<void> {
  await using browser = await launchChromium();
  const page = await browser.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  await page.goto(url);
  const patience = { timeout: 30_000 };
  await expect.poll(() => page.locator('#hooks li').allTextContents(), patience).toEqual([own]);
  await expect.poll(() => page.locator('#stock').textContent(), patience).toBe(stock);
  expect(warningsIn(said.join('\n'))).toEqual([]);
  expect(said.filter((line) => line.startsWith('error: '))).toEqual([]);
}
