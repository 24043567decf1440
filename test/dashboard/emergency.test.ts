import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Drawn, FRAMES_A_SECOND, launchPages, poll } from './dashboard-page.ts';
import { network, said, state } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const DASHED = '.edge[data-type="emergency"][data-active="true"]';

/** Notes, in the page, the frames drawn until the event came in, and until eight dashed edges and an alert were there. */
function watchForEmergency(): void {
  const noted: { arrived?: number; shown?: number } = {};
  const drawn = Object.assign(globalThis, { noted }) as unknown as Drawn;
  const Native = WebSocket;
  const Watched = class extends Native {
    constructor(url: string) {
      super(url);
      this.addEventListener('message', ({ data }) => {
        if (String(data).includes('emergency_mode_activated')) noted.arrived ??= drawn.framesDrawn;
      });
    }
  };
  Object.assign(globalThis, { WebSocket: Watched });
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver(() => {
      const edges = document.querySelectorAll('.edge[data-type="emergency"][data-active="true"]');
      if (edges.length === 8 && document.querySelector('[role="alert"] strong'))
        noted.shown ??= drawn.framesDrawn;
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

test('a stagnation above 0.6 shows eight dashed edges and an alert within 500 ms, which disappear when it is over', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url, { before: watchForEmergency, countsFrames: true });
  const { page } = dashboard;
  const alert = page.getByRole('alert').filter({ hasText: 'Emergency' });
  await publisher.publish('simulation_state', state(0.58));
  await publisher.publish('network_update', network('normal'));
  await page.locator('.edge').first().waitFor();
  expect(await page.locator('.edge').count()).toBe(10);
  expect(await page.locator(DASHED).count()).toBe(0);
  expect(await alert.count()).toBe(0);

  await publisher.publish('simulation_state', state(0.61));
  await publisher.publish('network_update', network('emergency'));
  await publisher.publish('agent_message', said('Help', { metadata: { to: 'ego', mode: 'emergency' } }));
  await alert.waitFor();
  await poll(() => page.locator(DASHED).count()).toBe(8);
  const frames = await page.evaluate(
    () => (globalThis as unknown as { noted: Record<'arrived' | 'shown', number> }).noted,
  );
  expect(frames.shown - frames.arrived).toBeLessThan(0.5 * FRAMES_A_SECOND);
  const dashes = await page
    .locator(`${DASHED} .edge-line`)
    .evaluateAll((lines) => lines.map((line) => getComputedStyle(line).strokeDasharray));
  expect(new Set(dashes)).toEqual(new Set(['7px, 7px']));
  await dashboard.feed.getByText('Emergency mode begins').waitFor();
  await dashboard.feed.locator('.badge[data-mode="emergency"]').waitFor();

  await publisher.publish('network_update', {
    ...network('normal'),
    event_type: 'emergency_mode_deactivated',
  });
  await alert.waitFor({ state: 'detached' });
  await poll(() => page.locator(DASHED).count()).toBe(0);
  expect(dashboard.complaints).toEqual([]);
});

test('the alert counts the paths that are open', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url);
  const alert = dashboard.page.getByRole('alert').filter({ hasText: 'Emergency' });
  const all = network('emergency');
  const open = all.connections.find(({ type }) => type === 'emergency');
  const connections = all.connections.map((path) => ({
    ...path,
    is_active: path.type === 'normal' || path === open,
  }));
  await publisher.publish('network_update', { ...all, connections });
  await alert.getByText('1 emergency path is open').waitFor();
  await publisher.publish('network_update', all);
  await alert.getByText('8 emergency paths are open').waitFor();
});

/** Notes the edge of every pulse. */
function watchPulses(): void {
  const pulses: string[] = [];
  Object.assign(globalThis, { pulses });
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver((records) => {
      for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
        if (node instanceof SVGElement && node.classList.contains('pulse')) {
          pulses.push(node.dataset['edge'] ?? '');
        }
      }
    }).observe(document.body, { subtree: true, childList: true });
  });
}

test('each message sends one pulse along its edge', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await publisher.publish('agent_message', said('before the page was opened'));
  await using dashboard = await pages.open(server.url, { before: watchPulses });
  const { page, feed } = dashboard;
  await feed.getByText('before the page was opened').waitFor();
  await publisher.publish('agent_message', said('two', { agent_id: 'ego', metadata: { to: 'self' } }));
  await publisher.publish('agent_message', said('three', { agent_id: 'self', metadata: { to: 'shadow' } }));
  await feed.getByText('three', { exact: true }).waitFor();
  const pulses = () => page.evaluate(() => (globalThis as unknown as { pulses: string[] }).pulses);
  // A message is drawn before the effect that sends its pulse: none may be there yet.
  await poll(pulses).toEqual(['ego self', 'self shadow']);
  await poll(() => page.locator('.pulse').count()).toBe(0);
  expect(await pulses()).toHaveLength(2);
});
