import { beforeAll, describe, expect, test } from 'vitest';
import { type BuiltPage, buildPage } from '../setup/build-page.ts';
import { openContext } from '../setup/chromium.ts';
import { expectNothingLost, RUNS } from './browser-run.ts';

describe('[D12] our client in Chromium loses nothing, and its transport is told', {
  timeout: 120_000,
}, () => {
  let page: BuiltPage;
  beforeAll(async () => {
    page = await buildPage('test/client/browser-page', 'production');
  }, 60_000);

  test.each(RUNS)('%s', async (_, run) => {
    await using context = await openContext();
    const tab = await context.newPage();
    const complaints: string[] = [];
    tab.on('pageerror', ({ message }) => complaints.push(message));
    await expectNothingLost(page, run, async (url) => {
      await tab.goto(url);
      return () => tab.close();
    });
    expect(complaints).toEqual([]);
  });
});
