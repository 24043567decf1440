import { beforeAll, describe, test } from 'vitest';
import { expectNothingLost, RUNS } from '../client/browser-run.ts';
import { type BuiltPage, buildPage } from '../react/build-page.ts';
import { openFirefox } from '../setup/browsers/firefox.ts';
import { openWebKit } from '../setup/browsers/webkit.ts';

const BROWSERS = [
  ['Firefox', openFirefox],
  ['WebKit', openWebKit],
] as const;

describe.each(BROWSERS)('[D12] our client in %s loses nothing, and its transport is told', (_, open) => {
  let page: BuiltPage;
  beforeAll(async () => {
    page = await buildPage('test/client/browser-page', 'production');
  }, 120_000);

  // The first run of a browser on a machine fetches it.
  test.each(RUNS)('%s', { timeout: 300_000 }, async (_name, run) => {
    await expectNothingLost(page, run, open);
  });
});
