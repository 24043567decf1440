import { beforeAll, describe, expect, test } from 'vitest';
import { expectNothingLost, RUNS } from '../client/browser-run.ts';
import { buildSubject, conformInPage, others } from '../conformance/in-page.ts';
import { openChromium } from '../setup/browsers/chromium.ts';
import { openFirefox } from '../setup/browsers/firefox.ts';
import { openWebKit } from '../setup/browsers/webkit.ts';
import { type BuiltPage, buildPage } from '../setup/build-page.ts';

const CHROMIUM = ['Chromium', openChromium] as const;
const OTHERS = [
  ['Firefox', openFirefox],
  ['WebKit', openWebKit],
] as const;

describe.each(OTHERS)('[D12] our client in %s loses nothing, and its transport is told', (_, open) => {
  let page: BuiltPage;
  beforeAll(async () => {
    page = await buildPage('test/client/browser-page', 'production');
  }, 120_000);

  // The first run of a browser on a machine fetches it.
  test.each(RUNS)('%s', { timeout: 300_000 }, async (_name, run) => {
    await expectNothingLost(page, run, open);
  });
});

describe.each([CHROMIUM, ...OTHERS])(
  'psyche-events conformance with our client in a page of %s',
  (_, open) => {
    let page: BuiltPage;
    beforeAll(async () => {
      page = await buildSubject();
    }, 120_000);

    test.each(['ws', 'sse'])('passes every scenario, over %s', { timeout: 900_000 }, async (transport) => {
      const report = await conformInPage(page, open, { words: [transport] });
      expect(others(report)).toEqual([]);
      expect(report.passed).toBeGreaterThan(48);
    });

    test.each(['ws', 'sse'])(
      'control: it loses events when it reconnects, and fails, over %s',
      {
        timeout: 300_000,
      },
      async (transport) => {
        const { outcomes } = await conformInPage(page, open, {
          ...{
            words: [transport, 'loses'],
            only: ['first item of an idle topic', 'cut before the first event'],
          },
        });
        expect(outcomes.map(({ result }) => result)).toEqual(['passed', 'failed']);
        expect(outcomes[1]?.why).toContain('"silent":3');
      },
    );
  },
);
