import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPublisher } from '../../client/index.ts';
import { loadConfig, startServer } from '../../server/index.ts';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { BUILT } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** A server with two keys: one for everything, and one for topics of a team. */
async function startClosed() {
  const key = (id: string, text: string, topics: string[]) => ({
    id,
    sha256: createHash('sha256').update(text).digest('hex'),
    claims: { publish: ['*'], subscribe: ['*'], topics, stats: true },
  });
  const keys = JSON.stringify([key('all', 'for-all', ['*']), key('team', 'for-team', ['team-*'])]);
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, { AUTH_API_KEYS: keys });
  const server = await startServer(config, { pageDir: BUILT });
  const publisher = createPublisher({ url: server.url, token: 'for-all' });
  await publisher.publish('agent_message', said('for those who may'));
  await publisher.publish('agent_message', said('for the team'), { topic: 'team-1' });
  await publisher.close();
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

test('a page that is not let in says so, signs in with a token, and can sign out', async () => {
  await using server = await startClosed();
  await using dashboard = await pages.open(server.url, { live: false });
  const { page, connection } = dashboard;
  await connection.getByText('Not let in').waitFor();
  expect(await page.getByText('Live', { exact: true }).count()).toBe(0);

  const signIn = async (token: string) => {
    await connection.getByRole('button', { name: 'Sign in…' }).click();
    await page.getByLabel('Token').fill(token);
    const loaded = page.waitForEvent('load');
    await page.getByLabel('Token').press('Enter');
    await loaded;
  };
  await signIn('wrong');
  await connection.getByText('Not let in').waitFor();
  await signIn('for-all');
  await connection.getByText('Live').waitFor();
  await dashboard.feed.getByText('for those who may').waitFor();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ name: 'psyche_token', sameSite: 'Strict', path: '/', expires: -1 });
  expect(page.url()).not.toContain('for-all');

  await connection.getByRole('button', { name: 'Sign out' }).click();
  await connection.getByText('Not let in').waitFor();
  expect(await page.context().cookies()).toEqual([]);
});

test('a token for other topics shows nothing live, and the picker offers its topics', async () => {
  await using server = await startClosed();
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page, connection } = dashboard;
  await page.context().addCookies([{ name: 'psyche_token', value: 'for-team', url: server.url }]);
  await page.goto(server.url);
  await connection.getByText('Not let in').waitFor();
  expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
  await page.getByRole('button', { name: 'topic default' }).click();
  await poll(() => page.locator('.topics button').allTextContents()).toEqual(['team-1']);
  await page.getByRole('button', { name: 'team-1' }).click();
  await dashboard.feed.getByText('for the team').waitFor();
  await connection.getByText('Live').waitFor();
});
