import { expect, test } from 'vitest';
import { open, rows } from './example-page.ts';
import { start } from './vite-example.ts';

test('the example ag-ui starts with one command, and shows one answer across a reload in its midst', async () => {
  await using example = await start('examples/ag-ui');
  await using visitor = await open(example.url);
  const { page } = visitor;
  await page.getByLabel('Question').fill('Rain?');
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.locator('li[data-role="tool"]').waitFor();
  await page.reload();
  await expect
    .poll(() => rows(page, 'role'), { timeout: 60_000 })
    .toEqual([
      'user: Rain?',
      'assistant: weather({"place": "here"})',
      'tool: rain',
      'assistant: You ask: Rain? There is rain here, and it will not last.',
    ]);
  expect(visitor.complaints).toEqual([]);
}, 120_000);
