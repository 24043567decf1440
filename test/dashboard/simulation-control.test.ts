import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { state } from './events.ts';
import { startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

test.each([
  { how: 'could not be told of at first', reply: { status: 503, body: 'Starting.' } },
  { how: 'was not there at first', reply: { json: { result: { data: { json: [] } } } } },
])('a simulation that $how can be run once it is', async ({ reply }) => {
  await using server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page } = dashboard;
  let asked = 0;
  await page.route('**/trpc/simulation.list*', (route) =>
    asked++ === 0 ? route.fulfill(reply) : route.continue(),
  );
  await page.goto(server.url);
  await dashboard.connection.getByText('Live').waitFor();
  await poll(() => asked).toBeGreaterThan(0);
  await server.events.publish('simulation_state', state(0.1, 0));
  const button = page.getByRole('button', { name: /^(Start|Pause|Resume)$/ }).and(page.locator(':enabled'));
  await button.waitFor();
  expect(asked).toBeGreaterThan(1);
});

test('a log is offered to be lost once the server has said that it may be, though it could not say so at first', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page } = dashboard;
  let asked = 0;
  await page.route('**/trpc/simulation.mayLoseLog*', (route) =>
    asked++ === 0 ? route.fulfill({ status: 429, body: 'Later.' }) : route.continue(),
  );
  await page.goto(server.url);
  await page.getByRole('button', { name: 'Lose the log' }).waitFor();
  expect(asked).toBeGreaterThan(1);
});
