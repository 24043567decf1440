import { expect, test } from 'vitest';
import { open } from './example-page.ts';
import { start } from './vite-example.ts';

test('the example with hooks starts with one command, and shows published events with everything related', async () => {
  await using example = await start('examples/react');
  await using visitor = await open(example.url);
  const { page } = visitor;
  await page
    .getByText('Server: healthy')
    .or(page.getByText(/Server: (warning|error)/))
    .waitFor();
  await page.getByLabel('Message').fill('from the page');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('visitor: from the page').waitFor();
  await page.getByText('Mood: 0.5').waitFor();
  expect(await page.title()).toBe('visitor spoke');
  expect(await page.locator('li').allTextContents()).toEqual(['visitor: from the page']);
  expect(visitor.complaints).toEqual([]);
}, 120_000);

/** Subscribers of the server of an example. */
async function subscribersAt(url: string): Promise<number> {
  const { result } = await (await fetch(`${url}/trpc/stats`)).json();
  return result.data.json.subscribers;
}

test.each(['vue', 'svelte'])(
  'the example %s shares one subscription among components, and ends it when the last is unmounted',
  async (framework) => {
    await using example = await start(`examples/${framework}`);
    await using visitor = await open(example.url);
    const { page } = visitor;
    const press = (name: string) => page.getByRole('button', { name }).click();
    const say = async (text: string) => {
      await page.getByLabel('Message').fill(text);
      await press('Publish');
    };
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText(/Server: (healthy|warning|error)/).waitFor();
    await say('one');
    await page.getByText('visitor: one').waitFor();
    await page.getByText('Mood: 0.5').waitFor();
    expect(await subscribersAt(example.url)).toBe(2); // of messages, and of the status
    await press('Hide');
    await expect.poll(() => subscribersAt(example.url)).toBe(1); // the mood is of the messages too
    await say('two');
    await press('Show');
    await page.getByText('visitor: two').waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(['visitor: one', 'visitor: two']);
    await expect.poll(() => subscribersAt(example.url)).toBe(2);
    expect(visitor.complaints).toEqual([]);
  },
  120_000,
);

test('the example with an application’s own events gets them typed, for the user of its context', async () => {
  await using example = await start('examples/react-in-your-app');
  await using visitor = await open(example.url);
  const { page } = visitor;
  await page.getByText('UNAUTHORIZED').first().waitFor();
  visitor.complaints.length = 0;
  await page.goto(`${example.url}?user=Ada`);
  await page.getByRole('button', { name: 'Order a lamp' }).click();
  await page.getByText(`a lamp: 42 dollars, in ${new Date().getUTCFullYear()}`).waitFor();
  expect(await page.locator('li').count()).toBe(1);
  expect(visitor.complaints).toEqual([]);
}, 120_000);
