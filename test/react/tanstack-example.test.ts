import { expect, test } from 'vitest';
import { startTestServer } from '../client/test-server.ts';
import { buildPage, serve } from '../setup/build-page.ts';
import { openContext } from '../setup/chromium.ts';
import { agentMessage } from '../support/events.ts';

test('the example with @trpc/tanstack-react-query works against the same router, through a lost socket', async () => {
  const built = await buildPage('examples/tanstack-react-query', 'production');
  await using server = await startTestServer({ intercept: serve(built) });
  await using context = await openContext();
  const page = await context.newPage();
  const items = () => page.locator('li').allTextContents();
  const shows = (list: string[]) => expect.poll(items).toEqual(list);
  await server.manager.publish('agent_message', agentMessage('before'));
  await page.goto(server.url);
  await shows(['shadow: before']);

  await page.getByLabel('Message').fill('from the page');
  await page.getByRole('button', { name: 'Publish' }).click();
  await shows(['shadow: before', 'visitor: from the page']);
  await page.getByText('Published since the start: 2').waitFor();

  await server.manager.publish('agent_message', agentMessage('from elsewhere'));
  await page.getByText('Published since the start: 3').waitFor();

  server.drop();
  await server.manager.publish('agent_message', agentMessage('after'));
  await shows(['shadow: before', 'visitor: from the page', 'shadow: from elsewhere', 'shadow: after']);
  await page.getByText('Published since the start: 4').waitFor();
}, 120_000);
