import { openContext } from '../chromium.ts';
import type { CloseBrowser } from './open-browser.ts';

/** Opens an address in a tab of this process's Chromium, which knows nothing of other tabs. */
export async function openChromium(url: string): Promise<CloseBrowser> {
  const context = await openContext();
  await (await context.newPage()).goto(url);
  return () => context.close();
}
