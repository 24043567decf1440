import type { Page } from 'playwright-core';
import { openContext } from '../setup/chromium.ts';

/** A page in a browser, whose errors are in `complaints`. */
export interface ExamplePage extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: string[];
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
