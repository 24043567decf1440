import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages, poll } from './dashboard-page.ts';
import { said } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** A page's messages, which `hold` keeps back until `release` hands them over in one tick, and React's commits. */
interface Burst {
  commits: number;
  arrived: number;
  hold(): void;
  release(): void;
}

/** Makes the page's {@link Burst}. React tells its developer tools of each commit, also in production. */
function watchBurst(): void {
  let held: (() => void)[] | null = null;
  const burst: Burst = {
    commits: 0,
    arrived: 0,
    hold() {
      held = [];
    },
    release() {
      const messages = held ?? [];
      held = null;
      for (const hand of messages) hand();
    },
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      // The first listener of all, so no other has a message that is held.
      this.addEventListener('message', (event) => {
        const { data } = event;
        if (!held) return;
        event.stopImmediatePropagation();
        burst.arrived += String(data).match(/"message \d+"/g)?.length ?? 0;
        held.push(() => this.dispatchEvent(new MessageEvent('message', { data })));
      });
    }
  };
  Object.assign(globalThis, {
    burst,
    __REACT_DEVTOOLS_GLOBAL_HOOK__: {
      supportsFiber: true,
      inject: () => 1,
      onCommitFiberUnmount() {},
      onPostCommitFiberRoot() {},
      onCommitFiberRoot() {
        burst.commits++;
      },
    },
  });
}

// A busy machine takes long to draw each of a thousand rows, which are read while scrolling.
test('1000 events in one tick are each shown once, in order, in fewer than 20 commits', {
  timeout: 180_000,
}, async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url, { before: watchBurst });
  const { page } = dashboard;
  const burst = await page.evaluateHandle(() => (globalThis as unknown as { burst: Burst }).burst);
  await publisher.publish('agent_message', said('before'));
  await dashboard.feed.getByText('before', { exact: true }).waitFor();

  const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
  // One tick of the page, however long a busy machine takes to bring them.
  await burst.evaluate((messages) => messages.hold());
  await publisher.publishBatch(texts.map((text) => ({ event_type: 'agent_message', data: said(text) })));
  await poll(() => burst.evaluate(({ arrived }) => arrived)).toBe(texts.length);
  const since = performance.now();
  const before = await burst.evaluate((messages) => {
    const { commits } = messages;
    messages.release();
    return commits;
  });
  await dashboard.feed.getByText('message 999', { exact: true }).waitFor();
  const during = (await burst.evaluate(({ commits }) => commits)) - before;
  // The page's own clocks and figures move each second, however long a busy machine takes to draw.
  const bySeconds = Math.floor((performance.now() - since) / 1000) * 2;

  await page.setViewportSize({ width: 1440, height: 3000 });
  expect(await dashboard.allMessages()).toEqual(['before', ...texts]);
  expect(during).toBeLessThan(20 + bySeconds);
  expect(dashboard.complaints).toEqual([]);
});
