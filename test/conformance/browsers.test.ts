import { beforeAll, describe, expect, test } from 'vitest';
import { openChromium } from '../setup/browsers/chromium.ts';
import type { BuiltPage } from '../setup/build-page.ts';
import { buildSubject, conformInPage, others } from './in-page.ts';

/** Words of the scenarios that are quick, of all kinds; `npm run test:apps` runs all. */
const QUICK = [
  '[D2]',
  '[D3]',
  '[D5]',
  '[D6]',
  '[D8]',
  '[D12]',
  '[D13]',
  'dates',
  'a log that was lost',
  '[O3]',
  '[O4]',
];

describe.concurrent('psyche-events conformance with our client in a page of Chromium', {
  timeout: 600_000,
}, () => {
  let page: BuiltPage;
  beforeAll(async () => {
    page = await buildSubject();
  });

  test.each(['ws', 'sse'])('passes the quick scenarios, over %s', async (transport) => {
    const report = await conformInPage(page, openChromium, { words: [transport], only: QUICK });
    expect(others(report)).toEqual([]);
    expect(report.client).toBe(`psyche-events over ${transport}`);
    expect(report.passed).toBeGreaterThan(20);
  });

  test.each(['ws', 'sse'])(
    'control: it loses events when it reconnects, and fails, over %s',
    async (transport) => {
      const { outcomes } = await conformInPage(page, openChromium, {
        ...{
          words: [transport, 'loses'],
          only: ['first item of an idle topic', 'cut before the first event'],
        },
        timeoutMs: 30_000,
      });
      expect(outcomes.map(({ result }) => result)).toEqual(['passed', 'failed']);
      expect(outcomes[1]?.why).toContain('"silent":3');
    },
  );
});
