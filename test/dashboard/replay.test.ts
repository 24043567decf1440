import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DashboardPage, launchPages, poll } from './dashboard-page.ts';
import { network, said, state, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const STEPS = 10;

/** A run of ten steps, two seconds each; every panel can tell from its own event which one it shows. Resolves with the messages' cursors. */
async function publishRun(url: string): Promise<string[]> {
  await using publisher = publishTo(url);
  const start = Date.now() - STEPS * 2000;
  const cursors: string[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const timestamp = new Date(start + step * 2000).toISOString();
    const [message] = await publisher.publishBatch([
      { event_type: 'agent_message', data: said(`message ${step}`), timestamp },
      { event_type: 'network_update', data: network('normal', step / 100), timestamp },
      { event_type: 'simulation_state', data: state(step / 20, step), timestamp },
      { event_type: 'system_status', data: status(step), timestamp },
    ]);
    cursors.push(message?.cursor ?? '');
  }
  return cursors;
}

/**
 * Reads, in the page, what each panel shows; and notes it for each frame from `watch` on. A step is awaited as noted: one
 * that is only seen may be over before the next frame.
 */
function readPanels(): void {
  const text = (selector: string) => document.querySelector(selector)?.textContent ?? null;
  const read = () => ({
    last: [...document.querySelectorAll('.feed .message .words')].at(-1)?.textContent,
    count: document.querySelector('.conversation .panel-figure')?.getAttribute('data-count'),
    strength: text('.network tr[data-edge="shadow persona"] td:last-child'),
    stagnation: text('.stagnation b'),
    turn: /turn (\d+)/.exec(text('.controls .panel-figure') ?? '')?.[1],
    mood: text('.mood .chart-title:last-of-type b'),
    cpu: text('.system .figure dd'),
    events: document.querySelector('tr[data-type="agent_message"]')?.getAttribute('data-total'),
  });
  const frames: string[] = [];
  const watch = () => {
    const now = JSON.stringify(read());
    if (frames.at(-1) !== now) frames.push(now);
    requestAnimationFrame(watch);
  };
  Object.assign(globalThis, { panels: { read, frames, watch } });
}

type Shown = ReturnType<typeof expectedAt>;
interface Panels {
  read(): Shown;
  watch(): void;
  frames: string[];
}

/** The state of all panels at one moment. */
function shown({ page }: DashboardPage): Promise<Shown> {
  return page.evaluate(() => (globalThis as unknown as { panels: Panels }).panels.read());
}

/** States that they showed, one for each frame that differs from the one before. */
async function noted({ page }: DashboardPage): Promise<Shown[]> {
  const frames = await page.evaluate(() => (globalThis as unknown as { panels: Panels }).panels.frames);
  return frames.map((frame) => JSON.parse(frame));
}

function expectedAt(step: number) {
  const stagnation = (step / 20).toFixed(2);
  return {
    last: `message ${step}`,
    count: `${step}`,
    strength: (step / 100).toFixed(2),
    stagnation,
    turn: `${step}`,
    mood: stagnation,
    cpu: `${step < 10 ? step.toFixed(1) : step} %`,
    events: `${step}`,
  };
}

test('every panel shows the same moment in every frame while scrubbing, and all return to live', async () => {
  await using server = await startPageServer();
  await publishRun(server.url);
  await using dashboard = await pages.open(server.url, { before: readPanels });
  const { page } = dashboard;
  await poll(() => shown(dashboard)).toEqual(expectedAt(STEPS));
  const slider = page.getByRole('slider', { name: 'Moment' });
  const [min, max] = [Number(await slider.getAttribute('min')), Number(await slider.getAttribute('max'))];
  expect(max - min).toBe((STEPS - 1) * 2000);

  await page.evaluate(() => (globalThis as unknown as { panels: Panels }).panels.watch());
  const steps = [4, 9, 1, 7];
  for (const step of steps) {
    await slider.fill(`${min + (step - 1) * 2000 + 500}`);
    await poll(async () => (await noted(dashboard)).at(-1)).toEqual(expectedAt(step));
  }
  expect(await noted(dashboard)).toEqual([STEPS, ...steps].map(expectedAt));
  await page.locator('.chip.replay').waitFor();

  // Events that come meanwhile are not shown before the viewer goes back to live.
  await publishRun(server.url);
  await expect(shown(dashboard)).resolves.toEqual(expectedAt(7));
  await page.getByRole('button', { name: 'Back to live' }).click();
  await poll(async () => (await shown(dashboard)).count).toBe(`${2 * STEPS}`);
  expect(dashboard.complaints).toEqual([]);
});

test('playback advances by itself, faster or slower, and ends live', async () => {
  await using server = await startPageServer();
  await publishRun(server.url);
  await using dashboard = await pages.open(server.url, { before: readPanels });
  const { page } = dashboard;
  await poll(async () => (await shown(dashboard)).last).toBe('message 10');
  const slider = page.getByRole('slider', { name: 'Moment' });
  await slider.fill(`${Number(await slider.getAttribute('max')) - 6000}`);
  await poll(async () => (await shown(dashboard)).last).toBe('message 7');
  await page.getByLabel('Speed of the replay').selectOption('5×');
  await page.getByRole('button', { name: 'Play the replay' }).click();
  await page.locator('.page[data-moment="live"]').waitFor();
  expect((await shown(dashboard)).last).toBe('message 10');
});

test('`?at=` opens the page at an event, even one further back than a page loads', async () => {
  await using server = await startPageServer();
  const cursors = await publishRun(server.url);
  {
    await using publisher = publishTo(server.url);
    const later = Array.from({ length: 1200 }, (_, index) => ({
      event_type: 'agent_message' as const,
      data: said(`later ${index}`),
    }));
    await publisher.publishBatch(later.slice(0, 600));
    await publisher.publishBatch(later.slice(600));
  }
  await using dashboard = await pages.open(`${server.url}/?at=${cursors[2]}`, { before: readPanels });
  const { page } = dashboard;
  await poll(async () => (await shown(dashboard)).last).toBe('message 3');
  expect(await page.locator('.conversation').getAttribute('data-cursor')).toBe(cursors[2]);

  await page.keyboard.press('ArrowRight');
  await poll(async () => (await shown(dashboard)).last).toBe('message 4');
  await poll(() => page.url()).toContain(`at=${cursors[3]}`);
  expect((await shown(dashboard)).events).toBe('4');
  await page.keyboard.press('l');
  await poll(() => page.url()).not.toContain('at=');
});

test('playback keeps its moment, however many events arrive meanwhile', async () => {
  await using server = await startPageServer();
  await publishRun(server.url);
  await using dashboard = await pages.open(server.url, { before: readPanels });
  const { page } = dashboard;
  await poll(async () => (await shown(dashboard)).last).toBe('message 10');
  for (let back = 0; back < 7; back++) await page.keyboard.press('ArrowLeft');
  await poll(async () => (await shown(dashboard)).last).toBe('message 3');
  const before = await shown(dashboard);

  // More than the page keeps.
  await using publisher = publishTo(server.url);
  for (let batch = 0; batch < 9; batch++) {
    const texts = Array.from({ length: 500 }, (_, index) => `later ${batch * 500 + index}`);
    await publisher.publishBatch(texts.map((text) => ({ event_type: 'agent_message', data: said(text) })));
  }
  expect(await shown(dashboard)).toEqual(before);
  await page.keyboard.press('ArrowRight');
  await poll(async () => (await shown(dashboard)).last).toBe('message 4');
  await page.keyboard.press('l');
  await dashboard.feed.getByText('later 4499', { exact: true }).waitFor();
});

test('a moment that is no longer in the log makes the page say so, and it is live', async () => {
  await using server = await startPageServer();
  await publishRun(server.url);
  await using dashboard = await pages.open(`${server.url}/?at=gone:1`, { before: readPanels });
  await dashboard.page.getByText('That moment is no longer in the log.').waitFor();
  expect((await shown(dashboard)).count).toBe(`${STEPS}`);
});
