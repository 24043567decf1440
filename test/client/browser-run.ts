import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { type BuiltPage, serve } from '../react/build-page.ts';
import type { Report } from './browser-page/main.ts';
import { type ProxyOptions, startProxy } from './proxy.ts';
import { startTestServer } from './test-server.ts';

/** A run of the page in a browser: the transports that its clients are given, and the proxy before the server. */
export interface BrowserRun {
  transports?: string;
  proxy: ProxyOptions;
  /** The transport that carries it. */
  expected: 'ws' | 'sse';
}

/** Every transport by itself, and what the clients do by themselves where no WebSocket gets through. */
export const RUNS: readonly (readonly [string, BrowserRun])[] = [
  ['over WebSocket', { transports: 'ws', proxy: {}, expected: 'ws' }],
  ['over server-sent events', { transports: 'sse', proxy: {}, expected: 'sse' }],
  ['by itself', { proxy: {}, expected: 'ws' }],
  ['by itself through a proxy that refuses upgrades', { proxy: { upgrades: 'refused' }, expected: 'sse' }],
];

/**
 * Has a browser open the page, which tests our client and reports by itself, and proves what it reports. Any browser will
 * do that can be given an address.
 * @param open opens an address; what it returns closes the browser's tab
 */
export async function expectNothingLost(
  page: BuiltPage,
  { transports, proxy: faults, expected }: BrowserRun,
  open: (url: string) => Promise<() => Promise<unknown>>,
): Promise<void> {
  let tell: (report: string) => void = () => {};
  const reported = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const file = serve(page);
  let drops = 0;
  const take = (req: IncomingMessage, res: ServerResponse): boolean => {
    if (req.url === '/drop') {
      drops++;
      res.once('close', () => server.drop()).end();
      return true;
    }
    if (req.url === '/report') {
      void text(req).then(tell);
      res.end();
      return true;
    }
    return file(req, res);
  };
  await using server = await startTestServer({ intercept: take });
  await using proxy = await startProxy(server.url, faults);
  const close = await open(`${proxy.url}/?${transports === undefined ? '' : `transports=${transports}`}`);
  try {
    const report: Report = JSON.parse(await reported);
    expect(report).toMatchObject({ transport: expected, gaps: 0, refused: 'INVALID_EVENT', end: 'closed' });
    expect(report.sent).toHaveLength(60);
    expect(report.history).toBe(60);
    const [all = [], again, later] = report.got;
    expect(all.toSorted()).toEqual(report.sent.toSorted());
    // Publishes that are sent again after a loss may change places; what was published in peace may not.
    for (const at of [0, 30]) expect(all.slice(at, at + 15)).toEqual(report.sent.slice(at, at + 15));
    expect([again, later]).toEqual([all, all.slice(30)]);
    expect(drops).toBeGreaterThanOrEqual(2); // a browser may repeat a request
  } finally {
    await close();
  }
}
