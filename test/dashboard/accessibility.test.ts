import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { network, said, state, status } from './events.ts';
import { type PageServer, publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Finding {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Findings of axe that are serious or worse, one line each. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const violations = (await page.evaluate(
    'axe.run(document).then((result) => result.violations)',
  )) as Finding[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/** Some of everything that the page can show. */
async function publishAll({ url, events }: PageServer): Promise<void> {
  await using publisher = publishTo(url);
  const unbroken = 'Donaudampfschifffahrtsgesellschaft'.repeat(6);
  const agents = ['shadow', 'persona', 'anima_animus', 'self', 'ego', 'alice'];
  for (const [index, agent_id] of agents.entries()) {
    await publisher.publish(
      'agent_message',
      said(index === 1 ? unbroken : 'Some words.', {
        agent_id,
        agent_type: agent_id,
        sentiment: index % 2 ? { score: -0.6, label: 'negative' } : { score: 0.6, label: 'positive' },
        metadata: { to: 'ego', mode: index > 3 ? 'emergency' : 'normal' },
      }),
    );
  }
  const turn = { agent_id: 'self', agent_type: 'Self', to: 'ego', turn: 1, text: '' };
  const failing = await events.begin('agent_processing', turn);
  await failing.abort('timeout: Too late.');
  await publisher.publish('simulation_state', { ...state(0.7), stimulus: 'A bell rings.' });
  await publisher.publish('system_status', status(95));
  await publisher.publish('network_update', network('emergency', 0.5));
  const asks = {
    agent_id: 'persona',
    question: 'Shall I keep the face on?',
    choices: ['Keep it on', unbroken.slice(0, 200)],
  };
  const asked = await events.begin('agent_question', asks);
  await events.answer('agent_question', asked.id, { choice: 'Keep it on' });
  await events.begin('agent_question', { ...asks, agent_id: 'ego' });
  const speaking = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 2, text: 'I was about to' };
  await events.begin('agent_processing', speaking);
}

test.each(['light', 'dark'] as const)('axe finds no serious problem in the %s theme', async (colorScheme) => {
  await using server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await publishAll(server);
  await using dashboard = await pages.open(server.url, {
    colorScheme,
    bypassCSP: true,
    reducedMotion: 'reduce',
  });
  const { page } = dashboard;
  await page.getByRole('alert').filter({ hasText: 'Emergency' }).waitFor();
  await page.getByText('Paths as a table').click();
  expect(await seriousFindings(page)).toEqual([]);

  await page.keyboard.press('2');
  await page.keyboard.press('ArrowLeft');
  await page.locator('.chip.replay').waitFor();
  await page.getByText('Message', { exact: true }).click();
  expect(await seriousFindings(page)).toEqual([]);

  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Keys' }).click();
  expect(await seriousFindings(page)).toEqual([]);
});

test('the theme follows the system until the viewer chooses, and the choice persists', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url, { colorScheme: 'dark' });
  const { page } = dashboard;
  const isDark = () =>
    page.evaluate(() => {
      const [red = 255] = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
      return red < 60;
    });
  expect(await isDark()).toBe(true);
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await isDark()).toBe(false);
  await page.getByRole('button', { name: /^Theme: as the system/ }).click();
  await page.getByRole('button', { name: /^Theme: light/ }).click();
  expect(await isDark()).toBe(true);
  await page.reload();
  expect(await isDark()).toBe(true);
  await page.getByRole('button', { name: /^Theme: dark/ }).click();
  expect(await isDark()).toBe(false);
});

test('the page has one column and no sideways scroll at 375 px, whatever messages say', async () => {
  await using server = await startPageServer({ speed: 1 });
  server.simulation?.pause();
  await publishAll(server);
  await using dashboard = await pages.open(server.url, {
    viewport: { width: 375, height: 812 },
    hasTouch: true,
  });
  const { page } = dashboard;
  await page.getByRole('alert').filter({ hasText: 'Emergency' }).waitFor();
  const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
  expect(await widest()).toBe(375);
  await page.getByText('Message', { exact: true }).click();
  for (const summary of ['Paths as a table', 'Mood as a table', 'System as a table']) {
    await page.getByText(summary).click();
  }
  await page.keyboard.press('ArrowLeft');
  await page.locator('.chip.replay').waitFor();
  expect(await widest()).toBe(375);
  const lefts = await page
    .locator('.panel')
    .evaluateAll((panels) => panels.map((panel) => panel.getBoundingClientRect().left));
  expect(new Set(lefts)).toEqual(new Set([0]));
});

test('nothing moves with reduced motion', async () => {
  await using server = await startPageServer({ speed: 10 });
  await publishAll(server);
  await using dashboard = await pages.open(server.url, { reducedMotion: 'reduce' });
  await poll(() => dashboard.feed.locator('.message').count()).toBeGreaterThan(3);
  const names = await dashboard.page.evaluate(() =>
    document.getAnimations().map((animation) => animation.id || animation.playState),
  );
  expect(names).toEqual([]);
});

test('one polite live region announces news together, at most once in three seconds', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('from before'));
  await using dashboard = await pages.open(server.url, { before: listenToVoice });
  const { page, feed } = dashboard;
  await feed.getByText('from before').waitFor();
  expect(await page.locator('[aria-live="polite"]').count()).toBe(1);
  const { heard, heardInThreeSeconds } = voiceOf(page);
  await poll(heard).toEqual(['Connected.']);
  await publisher.publishBatch(
    ['one', 'two', 'three'].map((word) => ({ event_type: 'agent_message', data: said(word) })),
  );
  await feed.getByText('three', { exact: true }).waitFor();
  expect(await heard()).toEqual(['Connected.']);
  const news = ['Connected.', '2 more messages. Shadow to Persona: three'];
  await heardInThreeSeconds().toEqual(news);
  await publisher.publish('agent_message', said('four'));
  await feed.getByText('four', { exact: true }).waitFor();
  expect(await heard()).toEqual(news);
  await heardInThreeSeconds().toEqual([...news, 'Shadow to Persona: four']);
  await publisher.publishBatch(
    ['five', 'six'].map((word) => ({ event_type: 'agent_message', data: said(word) })),
  );
  await feed.getByText('six', { exact: true }).waitFor();
  await heardInThreeSeconds().toContain('1 more message. Shadow to Persona: six');
});

test('the polite region tells each question that waits, also of two that come together', async () => {
  await using server = await startPageServer();
  await using dashboard = await pages.open(server.url, { before: listenToVoice });
  const { page, feed } = dashboard;
  const { heard, heardInThreeSeconds } = voiceOf(page);
  await poll(heard).toEqual(['Connected.']);
  const choices = ['Yes', 'No'];
  await server.events.begin('agent_question', { agent_id: 'ego', question: 'Shall we?', choices });
  await server.events.begin('agent_question', { agent_id: 'self', question: 'Must we?', choices });
  for (const words of ['Shall we?', 'Must we?']) await feed.getByText(words, { exact: true }).waitFor();
  await heardInThreeSeconds().toEqual(['Connected.', 'Ego asks you: Shall we?', 'Self asks you: Must we?']);
});

/** The words of the polite region of a page that {@link listenToVoice} listens to. */
function voiceOf(page: Page) {
  const heard = () => page.evaluate(() => (globalThis as unknown as Voice).heard);
  return {
    heard,
    /** Again until it is heard: React draws a message before its effects let the region know of it. */
    heardInThreeSeconds: () =>
      poll(async () => {
        await page.evaluate(async () => {
          (globalThis as unknown as Voice).passThreeSeconds();
          for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
        });
        return heard();
      }),
  };
}

interface Voice {
  /** All that the polite region has said. */
  heard: string[];
  passThreeSeconds(): void;
}

/**
 * Notes all that the polite region says. An interval of three seconds passes when the test lets it: else it may be over
 * between two events of a batch.
 */
function listenToVoice(): void {
  const heard: string[] = [];
  const ticks = new Map<unknown, () => void>();
  const { setInterval: start, clearInterval: stop } = globalThis;
  Object.assign(globalThis, {
    heard,
    passThreeSeconds() {
      for (const tick of ticks.values()) tick();
    },
    setInterval(tick: () => void, ms: number) {
      const timer = start(ms === 3000 ? () => {} : tick, ms);
      if (ms === 3000) ticks.set(timer, tick);
      return timer;
    },
    clearInterval(timer: unknown) {
      ticks.delete(timer);
      stop(timer as number);
    },
  });
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver(() => {
      const words = document.querySelector('[aria-live="polite"]')?.textContent;
      if (words && words !== heard.at(-1)) heard.push(words);
    }).observe(document.body, { subtree: true, characterData: true, childList: true });
  });
}
