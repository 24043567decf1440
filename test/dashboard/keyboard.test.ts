import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

test('the keyboard alone can start, pause, step, inject, set the speed and reset', async () => {
  await using server = await startPageServer({ speed: 10 });
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  const simulation = () => server.simulation?.state;
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.keyboard.press('Space');
  await poll(() => simulation()?.status).toBe('paused');
  await page.getByRole('button', { name: 'Resume' }).waitFor();

  const tick = simulation()?.tick ?? 0;
  await page.keyboard.press('.');
  await poll(() => simulation()?.tick).toBeGreaterThan(tick);
  expect(simulation()?.status).toBe('paused');
  await page.keyboard.press('Space');
  await poll(() => simulation()?.status).toBe('running');

  await page.getByRole('textbox', { name: 'Stimulus' }).focus();
  // In a field, keys are letters.
  await page.keyboard.type('A bell rings. 1 2 3');
  await page.keyboard.press('Enter');
  await poll(() => simulation()?.stimulus).toBe('A bell rings. 1 2 3');
  // Exactly: an agent may say it too.
  await dashboard.feed.getByText('A bell rings. 1 2 3', { exact: true }).waitFor();
  expect(new URL(page.url()).search).toBe('');

  await page.getByRole('radio', { name: '10×' }).focus();
  await page.keyboard.press('ArrowLeft');
  await poll(() => simulation()?.speed).toBe(5);

  const before = simulation()?.tick ?? 0;
  await page.getByRole('button', { name: 'Reset…' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByLabel('Seed').fill('7');
  await page.keyboard.press('Enter');
  await poll(() => simulation()?.seed).toBe(7);
  expect(simulation()?.tick).toBeLessThan(before);
  expect(dashboard.complaints).toEqual([]);
});

test('the keyboard alone can filter, select in the network, search, clear and open the help', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('of the shadow'));
  await publisher.publish('agent_message', said('of the ego', { agent_id: 'ego', agent_type: 'Ego' }));
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await poll(() => dashboard.messages()).toEqual(['of the shadow', 'of the ego']);

  for (const [index, agent] of ['shadow', 'persona', 'anima_animus', 'self', 'ego'].entries()) {
    await page.keyboard.press(`${index + 1}`);
    await poll(() => new URL(page.url()).search).toBe(`?agents=${agent}`);
    if (agent !== 'ego') await page.keyboard.press(`${index + 1}`);
  }
  await poll(() => dashboard.messages()).toEqual(['of the ego']);
  await page.keyboard.press('Escape');
  await poll(() => dashboard.messages()).toHaveLength(2);

  await page.getByRole('button', { name: /^Shadow 1 out/ }).focus();
  await page.keyboard.press('Enter');
  await poll(() => dashboard.messages()).toEqual(['of the shadow']);
  await page.keyboard.press('Escape');

  await page.keyboard.press('/');
  await page.keyboard.type('EGO');
  await poll(() => dashboard.messages()).toEqual(['of the ego']);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await poll(() => dashboard.messages()).toHaveLength(2);

  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
});

test('every control can be reached by Tab, and shows its focus', async () => {
  await using server = await startPageServer({ speed: 1 });
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await dashboard.feed.locator('.words').first().waitFor(); // before it there is nothing to scroll or to export
  const reached = new Set<string>();
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const marked = element.matches('input[type="radio"]') ? element.nextElementSibling : element;
      const halo = element.querySelector('.node-halo');
      const name = element.getAttribute('aria-label') ?? element.textContent ?? '';
      const isMarked =
        halo !== null
          ? getComputedStyle(halo).opacity === '1'
          : marked !== null && getComputedStyle(marked).outlineStyle !== 'none';
      return { name: name.trim(), isMarked };
    });
    if (!focus) continue;
    expect(focus.isMarked, `${focus.name} shows no focus`).toBe(true);
    reached.add(focus.name);
  }
  for (const name of [
    'Pause',
    'Step',
    'Reset…',
    'Conversation',
    'Moment',
    'Keys',
    'Export',
    'Paths as a table',
  ]) {
    expect(reached).toContain(name);
  }
});

test('a key that is held acts once, and an arrow that is held goes on', async () => {
  await using server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await using publisher = publishTo(server.url);
  for (const words of ['one', 'two', 'three']) await publisher.publish('agent_message', said(words));
  await using dashboard = await pages.open(server.url);
  const { page } = dashboard;
  await page.getByRole('button', { name: 'Start' }).and(page.locator(':enabled')).waitFor();
  const commands: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') commands.push(new URL(request.url()).pathname);
  });
  // Playwright's own `down`, once more for each that the system would repeat.
  const hold = async (key: string, times: number): Promise<void> => {
    for (let time = 0; time < times; time++) await page.keyboard.down(key);
    await page.keyboard.up(key);
  };
  await hold('.', 20);
  await poll(() => server.simulation?.state.tick).toBe(1);
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  expect(commands).toEqual(['/trpc/simulation.step']);
  await hold('ArrowLeft', 10);
  await page.locator('.page[data-moment="replay"]').waitFor();
  expect(await dashboard.messages()).toEqual([]);
});
