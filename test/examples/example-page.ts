import type { Page } from 'playwright-core';
import { openContext } from '../setup/chromium.ts';

/** A page in a browser, whose errors are in `complaints`. */
export interface ExamplePage extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: string[];
}

/** Rows of the page's list, each after its `data-state` or `data-role`, if it has one. */
export function rows(page: Page, field: 'state' | 'role'): Promise<string[]> {
  return page
    .locator('li')
    .evaluateAll(
      (all, name) => all.map(({ dataset, textContent }) => `${dataset[name]}: ${textContent}`),
      field,
    );
}

/** Opens an example's page in a context of its own. */
export async function open(url: string): Promise<ExamplePage> {
  const context = await openContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
