import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey } from '../access/harness.ts';
import { freePort } from '../setup/redis-server.ts';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const asks = { agent_id: 'ego', question: 'Shall we turn back?', choices: ['Turn back', 'Go further in'] };

/** Keys of a server, by their holders: Ada may watch and answer, Bob may see. */
const KEYS = JSON.stringify(
  Object.entries({
    ada: { subscribe: ['*'], publish: ['viewer'], answer: ['agent_question'], topics: ['*'], stats: true },
    bob: { subscribe: ['*'], topics: ['*'], stats: true },
  }).map(([id, claims]) => apiKey(id, `key-of-${id}`, claims)),
);

/** The page as somebody sees it who has signed in. */
async function openAs(url: string, id: string) {
  const dashboard = await pages.open('about:blank', { live: false });
  await dashboard.page.context().addCookies([{ name: 'psyche_token', value: `key-of-${id}`, url }]);
  await dashboard.page.goto(url);
  await dashboard.connection.getByText('Live').waitFor();
  return dashboard;
}

describe('a question', () => {
  test('is answered with a key, once, and says what was answered; late pages show it too', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url);
    await using other = await pages.open(server.url);
    const question = await server.events.begin('agent_question', asks);
    const end = server.events.ask('agent_question', asks, { key: question.key });
    const group = (page: typeof dashboard) => page.feed.getByRole('group', { name: 'Answer Ego' });
    const choices = (page: typeof dashboard) => group(page).getByRole('button');
    await poll(() => choices(dashboard).allTextContents()).toEqual(asks.choices);
    await choices(other).first().waitFor();

    await choices(dashboard).nth(1).focus();
    await dashboard.page.keyboard.press('Enter');
    expect(await end).toMatchObject({ state: 'answered', answer: { choice: 'Go further in' } });
    for (const page of [dashboard, other]) {
      await page.feed.getByText('Somebody answered: Go further in').waitFor();
      expect(await choices(page).evaluateAll((all) => all.map((each) => each.matches(':disabled')))).toEqual([
        true,
        true,
      ]);
      expect(await group(page).getByRole('button', { pressed: true }).allTextContents()).toEqual([
        'Go further in',
      ]);
      expect(await page.feed.locator('.question').count()).toBe(1);
    }
    await using late = await pages.open(server.url);
    await late.feed.getByText('Somebody answered: Go further in').waitFor();
    for (const page of [dashboard, other, late]) expect(page.complaints).toEqual([]);
  });

  test('that nobody answers has no buttons any more', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url);
    const question = await server.events.begin('agent_question', asks);
    await dashboard.feed.getByRole('button', { name: 'Turn back' }).waitFor();
    await question.settle('withdrawn');
    await dashboard.feed.getByText('nobody answered').waitFor();
    expect(await dashboard.feed.locator('.question button').count()).toBe(0);
  });

  test('has buttons once the server says that the viewer may answer, though it did not say so at first', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open('about:blank', { live: false, before: hurryCalls });
    let asked = 0;
    await dashboard.page.routeWebSocket('**/trpc*', (socket) => {
      const onward = socket.connectToServer();
      socket.onMessage((frame) => {
        if (!String(frame).includes('answer.agent_question') || asked++ > 0) onward.send(frame);
      });
    });
    await dashboard.page.goto(server.url);
    await dashboard.connection.getByText('Live').waitFor();
    await server.events.begin('agent_question', asks);
    await dashboard.feed.getByRole('button', { name: 'Turn back' }).waitFor();
    expect(asked).toBeGreaterThan(1);
  });

  test('has buttons for those who may answer, and names who did', async () => {
    await using server = await startPageServer({}, { AUTH_API_KEYS: KEYS });
    await using ada = await openAs(server.url, 'ada');
    await using bob = await openAs(server.url, 'bob');
    await server.events.begin('agent_question', asks);
    await bob.feed.getByText('waits for an answer: Turn back · Go further in').waitFor();
    await ada.feed.getByRole('button', { name: 'Turn back' }).click();
    for (const { feed } of [ada, bob]) await feed.getByText('ada answered: Turn back').waitFor();
    expect(await bob.feed.locator('.question button:enabled').count()).toBe(0);
  });
});

describe('the line of viewers', () => {
  test('is told by number and name; a name stays with its tab, and whoever leaves is gone', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url);
    const line = ({ page }: typeof dashboard) => page.locator('.watching').textContent();
    await poll(() => line(dashboard)).toBe('1 watchingyou');
    {
      await using other = await pages.open(server.url);
      await poll(() => line(dashboard)).toMatch(/^2 watchingyou, viewer \d{4}$/);
      await poll(() => line(other)).toMatch(/^2 watchingyou, viewer \d{4}$/);
      const before = await line(dashboard);
      await other.page.reload();
      await other.connection.getByText('Live').waitFor();
      await poll(() => line(other)).toMatch(/^2 watchingyou, viewer \d{4}$/);
      await poll(() => line(dashboard)).toBe(before);
      expect(other.complaints).toEqual([]);
      await other.page.goto('about:blank');
    }
    await poll(() => line(dashboard)).toBe('1 watchingyou');
    expect(dashboard.complaints).toEqual([]);
  });

  test('has a tab of its own for each that is duplicated', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url);
    const { page } = dashboard;
    await poll(() => page.locator('.watching').textContent()).toBe('1 watchingyou');
    // A page that another one opens begins with a copy of its session's storage, as a tab that is duplicated does.
    const [copy] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate(() => void open(location.href)),
    ]);
    for (const each of [page, copy]) {
      await poll(() => each.locator('.watching').textContent()).toMatch(/^2 watchingyou, viewer \d{4}$/);
    }
  });

  test('names subjects by their ids, and those without the right look on', async () => {
    await using server = await startPageServer({}, { AUTH_API_KEYS: KEYS });
    await using ada = await openAs(server.url, 'ada');
    await using bob = await openAs(server.url, 'bob');
    const line = ({ page }: typeof ada) => page.locator('.watching').textContent();
    await poll(() => line(bob)).toBe('1 watchingada');
    await poll(() => line(ada)).toBe('1 watchingyou');
    expect(ada.complaints).toEqual([]);
    expect(bob.complaints).toEqual([]);
  });

  test('is no event: no row, no chip, no rate', async () => {
    await using server = await startPageServer();
    await using publisher = await pages.open(server.url);
    await server.events.publish('agent_message', said('alone'));
    const { page } = publisher;
    await publisher.feed.getByText('alone').waitFor();
    await poll(() => page.locator('.watching').count()).toBe(1);
    expect(await page.locator('.feed article').count()).toBe(1);
    expect(await page.locator('.chips.types').getByText('viewer').count()).toBe(0);
    expect(await page.locator('tr[data-type="viewer"]').count()).toBe(0);
  });
});

describe('an answer that grows', () => {
  test('is shown as it grows and becomes the message; what travels is each piece alone', async () => {
    await using server = await startPageServer();
    await using dashboard = await pages.open(server.url, { before: countBytes });
    const { page, feed } = dashboard;
    const words = () => feed.locator('.speaking .words').allTextContents();
    const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1 };
    const long = 'I have said this before. '.repeat(400);
    const answer = await server.events.begin('agent_processing', { ...turn, text: long });
    await poll(words).toEqual([`${long.slice(0, 1200)}…`]);
    const received = () => page.evaluate(() => (globalThis as unknown as { received: number }).received);
    const before = await received();
    for (const piece of ['So', ' I', ' said', ' to', ' it.']) {
      await answer.append(piece);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await feed.getByRole('button', { name: 'Show all' }).click();
    await poll(words).toEqual([`${long}So I said to it.`]);
    expect((await received()) - before).toBeLessThan(long.length);
    await server.events.publish('agent_message', said('So I said.', { agent_id: 'ego' }));
    await answer.done();
    await feed.getByText('So I said.', { exact: true }).waitFor();
    await poll(words).toEqual([]);
    expect(dashboard.complaints).toEqual([]);
  });

  test('leaves no ghost when it is aborted, nor when its log is lost with the server', async () => {
    const first = await startPageServer({ port: await freePort() });
    await using dashboard = await pages.open(first.url);
    const speaking = () => dashboard.feed.locator('.speaking').count();
    const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1, text: 'I was about to' };
    const aborted = await first.events.begin('agent_processing', turn);
    await poll(speaking).toBe(1);
    await aborted.abort('cancelled: Ego was interrupted.');
    await poll(speaking).toBe(0);
    await first.events.begin('agent_processing', turn);
    await poll(speaking).toBe(1);
    await first.close();
    await using _ = await startPageServer({ port: first.port });
    await dashboard.retryNow();
    await dashboard.connection.getByText('Live').waitFor();
    await poll(speaking).toBe(0);
  });
});

/** Counts what WebSockets bring. */
function countBytes(): void {
  Object.assign(globalThis, { received: 0 });
  const Original = WebSocket;
  globalThis.WebSocket = class extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        const counted = globalThis as unknown as { received: number };
        counted.received += typeof data === 'string' ? data.length : 0;
      });
    }
  };
}

/** Lets calls be given up after a second in place of ten. */
function hurryCalls(): void {
  const { setTimeout: start } = globalThis;
  const hurried = (run: () => void, ms?: number) => start(run, ms === 10_000 ? 1000 : ms);
  Object.assign(globalThis, { setTimeout: hurried });
}
