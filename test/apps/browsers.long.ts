import { beforeAll, describe, test } from 'vitest';
import { expectNothingLost, RUNS } from '../client/browser-run.ts';
import { type BuiltPage, buildPage } from '../react/build-page.ts';
import { noFirefox, openFirefox } from '../setup/firefox.ts';

const BROWSERS = [['Firefox', noFirefox, openFirefox]] as const;

describe.each(BROWSERS)(
  '[D12] our client in %s loses nothing, and its transport is told',
  (_, reason, open) => {
    let page: BuiltPage;
    beforeAll(async () => {
      page = await buildPage('test/client/browser-page', 'production');
    }, 120_000);

    test.each(RUNS)('%s', { timeout: 180_000 }, async (_name, run) => {
      const missing = reason();
      if (missing !== null) throw new Error(missing);
      await expectNothingLost(page, run, open);
    });
  },
);
