import type { BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { openContext } from '../setup/chromium.ts';

/** The browser is waited for on a busy machine, too. */
const PATIENCE_MS = 20_000;

/** Frames that a page draws in a second, on a machine that keeps up. A time that is promised is counted in them. */
export const FRAMES_A_SECOND = 60;

/** A page that counts its frames. */
export interface Drawn {
  framesDrawn: number;
}

/** Runs in the page: counts its frames. */
function countFrames(): void {
  const drawn = Object.assign(globalThis, { framesDrawn: 0 });
  const next = (): void => {
    drawn.framesDrawn++;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

/** `expect.poll` with time for a busy machine; a page is asked less often than a value, as each time costs it some ms. */
export const poll = <T>(read: () => T | Promise<T>) =>
  expect.poll(read, { timeout: PATIENCE_MS, interval: 50 });

/** The page in a browser, with what it complained about and what it did. */
export class DashboardPage implements AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: string[] = [];
  /** Messages that went out on each WebSocket. */
  readonly sockets: string[][] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('websocket', (socket) => {
      const sent: string[] = [];
      this.sockets.push(sent);
      socket.on('framesent', ({ payload }) => sent.push(String(payload)));
    });
  }

  get feed(): Locator {
    return this.page.getByRole('log', { name: 'Conversation' });
  }

  /** Texts of the messages that are in the page now: those in sight. */
  messages(): Promise<string[]> {
    return this.feed.locator('.message:not(.speaking) .words').allTextContents();
  }

  /** Texts of all messages of the conversation, read while scrolling through it. */
  allMessages(): Promise<string[]> {
    return this.page.evaluate(async () => {
      const feed = document.querySelector('.feed');
      if (!feed) return [];
      const texts = new Map<number, string>();
      for (let top = 0; ; top += feed.clientHeight * 0.8) {
        feed.scrollTop = top;
        // Until the rows in sight are there, for a second at most; for ten at first, until the page has seen the scrolling.
        for (let frame = 0; frame < (top === 0 ? 600 : 60); frame++) {
          await new Promise(requestAnimationFrame);
          // A page that follows the newest row goes on doing so until it has seen that it was scrolled.
          if (top === 0) feed.scrollTop = 0;
          const { top: upper, bottom: lower } = feed.getBoundingClientRect();
          const rows = [...feed.querySelectorAll('article')];
          const places = rows.map((row) => row.getBoundingClientRect());
          const isLast = rows.some((row) => row.ariaPosInSet === row.ariaSetSize);
          const isFirst = rows.some((row) => row.ariaPosInSet === '1');
          const above = isFirst || (top > 0 && places.some((place) => place.top <= upper));
          if (rows.length === 0 && frame > 60) break;
          if (above && (isLast || places.some((place) => place.bottom >= lower))) break;
        }
        for (const row of feed.querySelectorAll<HTMLElement>('article')) {
          const words = row.querySelector('.message:not(.speaking) .words');
          if (words) texts.set(Number(row.dataset['index']), words.textContent);
        }
        // The height is a guess until the rows were drawn, so the last row tells the end, if there is one.
        const rows = [...feed.querySelectorAll('article')];
        const isEnd = rows.length === 0 || rows.some((row) => row.ariaPosInSet === row.ariaSetSize);
        if (isEnd && top > feed.scrollHeight) break;
        if (top > 1e6) throw new Error('The conversation has no last row');
      }
      return [...texts].sort(([a], [b]) => a - b).map(([, text]) => text);
    });
  }

  /**
   * Frames that the page draws while something is done, if it was opened with `countsFrames`; or ticks of this process, as many
   * as frames in a second, if those are fewer: a page or a process that is held up makes none.
   */
  async framesDuring(act: () => Promise<unknown>): Promise<number> {
    const drawn = () => this.page.evaluate(() => (globalThis as unknown as Drawn).framesDrawn);
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1000 / FRAMES_A_SECOND);
    try {
      const before = await drawn();
      await act();
      return Math.min((await drawn()) - before, ticks);
    } finally {
      clearInterval(ticking);
    }
  }

  panel(name: string): Locator {
    return this.page.getByRole('region', { name });
  }

  /** The connection, as it is shown. */
  get connection(): Locator {
    return this.page.locator('.connection');
  }

  /**
   * Connects now rather than at the next attempt, which may be 20 s away. A click hurries no attempt that is under way,
   * which may fail yet on a line that was just mended: so it clicks until the page is connected.
   */
  async retryNow(): Promise<void> {
    const retry = this.connection.getByRole('button', { name: 'Retry now' });
    await poll(async () => {
      await retry.or(this.connection.getByText('Live')).click();
      return this.connection.getAttribute('data-status');
    }).toBe('live');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}

export interface OpenOptions extends BrowserContextOptions {
  /** Runs in the page before all of its own code. */
  before?: () => void;
  /** True if it counts its frames, from the start. Default false: it would draw some even where nothing happens. */
  countsFrames?: boolean;
  /** True if to wait until the page has caught up. Default true. */
  live?: boolean;
}

/** Pages in the browser of this process that know nothing of each other. `close` closes those that are left. */
export function launchPages() {
  const contexts: BrowserContext[] = [];
  return {
    /** Resolves when the page has caught up. */
    async open(
      url: string,
      { before, live = true, countsFrames = false, ...options }: OpenOptions = {},
    ): Promise<DashboardPage> {
      const context = await openContext({ viewport: { width: 1440, height: 900 }, ...options });
      contexts.push(context);
      const page = await context.newPage();
      if (countsFrames) await page.addInitScript(countFrames);
      if (before) await page.addInitScript(before);
      const dashboard = new DashboardPage(page);
      await page.goto(url);
      // A page that opens at a moment of the past is live only until it is there, and connected from then on.
      if (live)
        await page.locator('.connection:is([data-status="live"], [data-status="connected"])').waitFor();
      return dashboard;
    },
    close: () => Promise.all(contexts.map((context) => context.close())),
  };
}
