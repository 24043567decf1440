import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPublisher } from '../../client/index.ts';
import { loadConfig, startServer } from '../../server/index.ts';
import { apiKey } from '../access/harness.ts';
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
  const key = (id: string, text: string, topics: string[]) =>
    apiKey(id, text, { publish: ['*'], subscribe: ['*'], topics, stats: true });
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

test('a page whose token expires says so, keeps what it has, and offers to sign in', {
  timeout: 120_000,
}, async () => {
  const claim = { AUTH_JWT_SECRET: 's'.repeat(40), AUTH_JWT_ISSUER: 'issuer', AUTH_JWT_AUDIENCE: 'page' };
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, claim);
  const started = await startServer(config, { pageDir: BUILT });
  await using server = { ...started, [Symbol.asyncDispose]: () => started.close() };
  const tokenFor = (seconds: number) =>
    new SignJWT({ publish: ['*'], subscribe: ['*'], topics: ['*'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('me')
      .setIssuer(claim.AUTH_JWT_ISSUER)
      .setAudience(claim.AUTH_JWT_AUDIENCE)
      .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
      .sign(new TextEncoder().encode(claim.AUTH_JWT_SECRET));
  const publisher = createPublisher({ url: server.url, token: await tokenFor(600) });
  await publisher.publish('agent_message', said('for those who may'));
  await publisher.close();
  await using dashboard = await pages.open('about:blank', { live: false });
  const { page, connection } = dashboard;
  const signIn = async (seconds: number) =>
    page.context().addCookies([{ name: 'psyche_token', value: await tokenFor(seconds), url: server.url }]);
  await signIn(600);
  const since = performance.now();
  await page.goto(server.url);
  await dashboard.feed.getByText('for those who may').waitFor();
  // A token that outlasts the page's start on this machine, four times as slow as it just was.
  const seconds = 4 + Math.ceil((4 * (performance.now() - since)) / 1000);
  await signIn(seconds);
  await page.reload();
  await dashboard.feed.getByText('for those who may').waitFor();
  await connection.getByText('the token expired').waitFor({ timeout: seconds * 1000 + 20_000 });
  await connection.getByRole('button', { name: 'Sign in…' }).waitFor();
  expect(await dashboard.messages()).toEqual(['for those who may']);
  // Another tab signs in anew.
  await signIn(600);
  await dashboard.retryNow();
  expect(await connection.getByText('the token expired').count()).toBe(0);
});
