import { expect, test } from 'vitest';
import { buildPage, serve } from '../setup/build-page.ts';
import { openContext } from '../setup/chromium.ts';
import { agentMessage } from '../support/events.ts';
import { eventually } from './eventually.ts';
import type { Link, Seen } from './stock-page/main.ts';
import { startTestServer } from './test-server.ts';

declare global {
  // Put there by stock-page/main.ts.
  function follow(link: Link): Seen[];
  function publish(link: Link, message: string): Promise<string>;
}

test('[D12] tRPC’s own clients work unchanged in Chromium: typed publish, order, and resume after a lost connection', {
  timeout: 120_000,
}, async () => {
  const page = await buildPage('test/client/stock-page', 'production');
  await using server = await startTestServer({ intercept: serve(page) });
  await using context = await openContext();
  for (const link of ['wsLink', 'httpSubscriptionLink'] as const) {
    const tab = await context.newPage();
    const complaints: string[] = [];
    tab.on('pageerror', ({ message }) => complaints.push(message));
    await tab.goto(server.url);
    const seen = await tab.evaluateHandle((name) => follow(name), link);
    const texts = async () => (await seen.jsonValue()).map(([, what]) => what);
    await eventually(async () => expect(await texts()).toEqual(['stream_synced']));

    const cursor = await tab.evaluate((name) => publish(name, 'from the page'), link);
    await server.manager.publish('agent_message', agentMessage('from the server'));
    await eventually(async () =>
      expect(await texts()).toEqual(['stream_synced', 'from the page', 'from the server']),
    );
    expect((await seen.jsonValue())[1]).toEqual([cursor, 'from the page']);

    server.refusing = true;
    server.dropAll();
    await server.manager.publish('agent_message', agentMessage('while away'));
    server.refusing = false;
    await server.manager.publish('agent_message', agentMessage('after'));
    await eventually(async () => expect(await texts()).toContain('after'));
    expect((await texts()).filter((what) => what !== 'stream_synced')).toEqual([
      'from the page',
      'from the server',
      'while away',
      'after',
    ]);
    expect(complaints).toEqual([]);
    await tab.close();
  }
});
