import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { buildPage, serve } from '../setup/build-page.ts';
import { openContext } from '../setup/chromium.ts';

/** Waits until a page of another origin than its server's says of the server what is expected. */
async function expectTold(isAllowed: boolean, told: (origin: string) => RegExp): Promise<void> {
  const file = serve(await buildPage('test/client/foreign-page', 'production'));
  const site = createServer((request, response) => void (file(request, response) || response.end()));
  await once(site.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  try {
    await using server = await startTestServer({ allowedOrigins: isAllowed ? [origin] : [] });
    await using context = await openContext();
    const page = await context.newPage();
    await page.goto(`${origin}/?server=${server.url}`);
    await expect.poll(() => page.title(), { timeout: 30_000 }).toMatch(told(origin));
  } finally {
    site.closeAllConnections();
    site.close();
  }
}

test('a page of an origin that the server does not know is told which variable may be missing', async () => {
  await expectTold(
    false,
    (origin) =>
      new RegExp(
        `is not there, or does not let in pages of ${origin}: add that origin to its ALLOWED_ORIGINS$`,
      ),
  );
}, 60_000);

test('control: a page of an allowed origin is live', async () => {
  await expectTold(true, () => /^live$/);
}, 60_000);
