import { expect } from 'vitest';
import { launchChromium } from '../setup/chromium.ts';
import { warningsIn } from './warnings.ts';

/** Says something in one window of an application's page, and waits until another window shows it. */
export async function expectHeard(url: string, { rows = 1 } = {}): Promise<void> {
  await using browser = await launchChromium();
  const said: string[] = [];
  const open = async () => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`error: ${error.message}`));
    await page.goto(url);
    return page;
  };
  const [one, other] = [await open(), await open()];
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
