import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPages } from './dashboard-page.ts';
import { network, said, state, status } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';
import { TaskTrace } from './task-trace.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

/** `SOAK_MINUTES=10`: in real time, 50 events a second. By default as many events as the page takes, in seconds. */
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 0);
const PER_SECOND = 50;
/** More than the page keeps: from here on nothing should grow. */
const WARM = 5000;
const TOTAL = MINUTES > 0 ? Math.max(2 * WARM, MINUTES * 60 * PER_SECOND) : 10_000;
/** Ms of processor time: a busy machine stretches what a clock says. */
const LONGEST_TASK_MS = 200;
/** Events in one trace. */
const TRACED = 1000;
const BATCH = MINUTES > 0 ? PER_SECOND / 2 : 250;

type Event = Parameters<ReturnType<typeof publishTo>['publishBatch']>[0][number];

/** Events of a lively simulation: a message with its network and state, and the words as they come. */
function eventAt(index: number): Event {
  const turn = Math.floor(index / 10);
  switch (index % 10) {
    case 0:
      return {
        event_type: 'agent_message',
        data: said(`message ${turn}. ${'Some words. '.repeat(turn % 9)}`),
      };
    case 1:
      return {
        event_type: 'network_update',
        data: network(turn % 40 > 30 ? 'emergency' : 'normal', (turn % 100) / 100),
      };
    case 2:
      return { event_type: 'simulation_state', data: state((turn % 70) / 100, turn) };
    case 3:
      return { event_type: 'system_status', data: status(turn % 100) };
    default: {
      const text = 'So I said to it. '.repeat(index % 10);
      const words = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn, text };
      return { event_type: 'agent_processing', data: words };
    }
  }
}

/** Notes, in the page, each task that keeps it from answering for more than 50 ms, and the machine's part in that. */
function watchLongTasks(): void {
  const longTasks: number[] = [];
  Object.assign(globalThis, { longTasks });
  new PerformanceObserver((list) => {
    longTasks.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: 'longtask', buffered: true });
}

async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0;
}

test(
  `the page shows ${TOTAL} events with fewer than 3000 nodes, no more memory than after ${WARM}, and no task over ${LONGEST_TASK_MS} ms`,
  async () => {
    await using server = await startPageServer();
    await using publisher = publishTo(server.url);
    await using dashboard = await pages.open(server.url, { before: watchLongTasks });
    const { page } = dashboard;
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const trace = new TaskTrace(session);
    await trace.start();
    const startedAt = performance.now();
    let heapWhenWarm = 0;
    let mostNodes = 0;
    for (let index = 0; index < TOTAL; index += BATCH) {
      await publisher.publishBatch(Array.from({ length: BATCH }, (_, offset) => eventAt(index + offset)));
      if (MINUTES > 0) await sleep(startedAt + (1000 * (index + BATCH)) / PER_SECOND - performance.now());
      mostNodes = Math.max(mostNodes, await page.evaluate(() => document.querySelectorAll('*').length));
      // Neither a full trace, nor the collection of garbage in one.
      if (index % TRACED === 0) {
        await trace.stop();
        if (heapWhenWarm === 0 && index >= WARM) heapWhenWarm = await heapOf(session);
        await trace.start();
      }
    }
    const last = `message ${TOTAL / 10 - 1}.`;
    await dashboard.feed.locator('.words', { hasText: last }).last().waitFor({ timeout: 30_000 });
    await trace.stop();
    const longTasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
    const heapAtEnd = await heapOf(session);
    const growth = heapAtEnd / heapWhenWarm;
    console.log(
      `${mostNodes} nodes, heap ${(heapAtEnd / 2 ** 20).toFixed(1)} MB (${((growth - 1) * 100).toFixed(1)} %), ` +
        `longest task ${trace.longestMs.toFixed(0)} ms of processor time; as seen on this machine: ` +
        `${longTasks.length} over 50 ms, the longest ${Math.max(0, ...longTasks)} ms`,
    );
    expect(mostNodes).toBeLessThan(3000);
    expect(growth).toBeLessThan(1.2);
    expect(trace.longestMs).toBeLessThanOrEqual(LONGEST_TASK_MS);
    expect(dashboard.complaints).toEqual([]);
  },
  120_000 + MINUTES * 120_000,
);
