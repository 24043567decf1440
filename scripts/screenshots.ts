/**
 * The pictures of the page in docs/images, taken anew: `npm run screenshots`, or `npm run screenshots -- empty replay`
 * for some of them. The server is the one that `npm start` runs, with the conversation of its first seed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { catalog, createApplication } from '../cli/serve/application.ts';
import { createPublisher } from '../client/index.ts';
import { loadConfig, startServer } from '../server/index.ts';
import { type BreakableLine, lineTo } from '../test/dashboard/breakable-line.ts';
import { launchChromium } from '../test/setup/chromium.ts';

const DIRECTORY = join(import.meta.dirname, '../docs/images');

interface Scene {
  /** Default: 1440 × 900, by day. */
  look?: BrowserContextOptions;
  /** The query of the address. */
  query?: string;
  /** False: the simulation does not speak. Default true. */
  speaking?: boolean | undefined;
  /** Brings the page to where it is pictured. */
  prepare?: (stage: Stage) => Promise<unknown>;
}

interface Stage {
  page: Page;
  line: BreakableLine;
}

const SCENES: Readonly<Record<string, Scene>> = {
  light: {},
  dark: { look: { colorScheme: 'dark' } },
  medium: { look: { viewport: { width: 1024, height: 768 } } },
  narrow: {
    look: {
      viewport: { width: 375, height: 812 },
      deviceScaleFactor: 1.5,
      hasTouch: true,
    },
  },
  'emergency-dark': {
    look: { colorScheme: 'dark' },
    async prepare({ page }) {
      await page.locator('.page[data-mode="emergency"]').waitFor();
      // Until some of it has been said.
      await page.locator('.badge[data-mode="emergency"]').nth(4).waitFor();
    },
  },
  reconnecting: {
    async prepare({ page, line }) {
      line.cut();
      await page.getByText(/attempt \d+, in \d+ s/).waitFor();
    },
  },
  replay: {
    async prepare({ page }) {
      const previous = page.getByRole('button', { name: 'Previous message' });
      for (let back = 0; back < 12; back++) await previous.click();
      await page.locator('.page[data-moment="replay"]').waitFor();
    },
  },
  empty: { speaking: false },
  error: { speaking: false, query: '?topic=no%20topic' },
};

/** Turns before the picture: so many that an emergency has come and gone. */
const TURNS = 46;
/** A conversation takes its time. */
const PATIENCE_MS = 400_000;

async function take(browser: Browser, name: string, { look, query = '', speaking = true, prepare }: Scene) {
  const config = loadConfig({ port: 0, logLevel: 'silent', simulation: speaking, monitorIntervalMs: 0 }, {});
  const server = await startServer(config, { catalog, application: await createApplication({}, speaking) });
  const atRest = reportRest(server.url);
  const line = await lineTo(server.url);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...look });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${line.url}/${query}`);
    await page.locator('.connection[data-status="live"]').waitFor();
    if (speaking) {
      await page.locator('.segment', { hasText: '5×' }).click();
      await page.waitForFunction((turns) => {
        const figures = document.querySelector('.controls .panel-figure')?.textContent ?? '';
        return Number(/turn (\d+)/.exec(figures)?.[1]) >= turns;
      }, TURNS);
      await page.locator('.segment', { hasText: /^1×/ }).click();
      await page.locator('.speaking .words', { hasText: /\w/ }).waitFor();
    }
    await prepare?.({ page, line });
    // Fonts, charts and whatever moves have arrived.
    await sleep(700);
    await page.screenshot({ path: join(DIRECTORY, `dashboard-${name}.png`) });
  } finally {
    await context.close();
    await atRest.stop();
    await line[Symbol.asyncDispose]();
    await server.close();
  }
}

/** The figures of a machine at rest: this one draws pictures, and what it is busy with is not what they show. */
function reportRest(url: string): { stop(): Promise<void> } {
  const publisher = createPublisher<typeof catalog>({ url: `${url}/trpc` });
  let reports = 0;
  const report = (): void => {
    reports++;
    publisher
      .publish('system_status', {
        health_status: 'healthy',
        performance_metrics: {
          cpu_percent: 14 + 6 * Math.sin(reports / 3),
          memory_percent: 31 + Math.sin(reports / 7),
          thread_count: 12,
          open_files: 34,
          rss_bytes: 118e6,
          event_loop_delay_p99_ms: 1.6,
        },
        active_agents: 5,
        error_count: 0,
        metadata: { node: 'one' },
      })
      .catch(console.error);
  };
  report();
  const timer = setInterval(report, 1500);
  return {
    async stop() {
      clearInterval(timer);
      await publisher.close();
    },
  };
}

const names = process.argv.slice(2);
await mkdir(DIRECTORY, { recursive: true });
await using browser = await launchChromium();
for (const [name, scene] of Object.entries(SCENES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  await take(browser, name, scene);
  console.log(`docs/images/dashboard-${name}.png`);
}
