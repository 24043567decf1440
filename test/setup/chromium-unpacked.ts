import { ensureChromium } from './chromium.ts';

/** vitest's globalSetup: the browser is unpacked once, before several workers would each unpack it. */
export async function setup(): Promise<void> {
  await ensureChromium();
}
