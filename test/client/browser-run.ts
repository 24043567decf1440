import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { OpenPage } from '../conformance/page-clients.ts';
import { type BuiltPage, serve } from '../setup/build-page.ts';
import type { Report } from './browser-page/main.ts';
import { type ProxyOptions, startProxy } from './proxy.ts';
import { startTestServer } from './test-server.ts';

/** A run of the page in a browser: the transports that its clients are given, and the proxy before the server. */
export interface BrowserRun {
  transports?: string;
  proxy: ProxyOptions;
  /** The transport that carries it. Default: none does, and the client says so. */
  expected?: 'ws' | 'sse';
}

/** Ms after which the proxy cuts an idle connection: far less than heartbeats keep one alive for. */
const IDLE_MS = 400;

/** Every transport by itself, and what the clients do by themselves behind proxies that no WebSocket or no stream passes. */
export const RUNS: readonly (readonly [string, BrowserRun])[] = [
  ['over WebSocket', { transports: 'ws', proxy: {}, expected: 'ws' }],
  ['over server-sent events', { transports: 'sse', proxy: {}, expected: 'sse' }],
  ['by itself', { proxy: {}, expected: 'ws' }],
  ['by itself through a proxy that refuses upgrades', { proxy: { upgrades: 'refused' }, expected: 'sse' }],
  ['by itself through a proxy that holds answers back', { proxy: { buffers: true }, expected: 'ws' }],
  [
    'through a proxy that refuses upgrades and holds answers back: it is told why nothing comes',
    { proxy: { upgrades: 'refused', buffers: true } },
  ],
  [
    'over WebSocket through a proxy that cuts idle connections',
    { transports: 'ws', proxy: { idleMs: IDLE_MS }, expected: 'ws' },
  ],
  [
    'over server-sent events through a proxy that cuts idle connections',
    { transports: 'sse', proxy: { idleMs: IDLE_MS }, expected: 'sse' },
  ],
];

/**
 * Has a browser open the page, which tests our client and reports by itself, and proves what it reports. Any browser will
 * do that can be given an address.
 */
export async function expectNothingLost(page: BuiltPage, run: BrowserRun, open: OpenPage): Promise<void> {
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
  await using proxy = await startProxy(server.url, run.proxy);
  const close = await open(`${proxy.url}/?${query(run)}`);
  try {
    const report: Report | { told: string } = JSON.parse(await reported);
    if (run.expected === undefined) {
      expect(report).toEqual({ told: expect.stringMatching(/a proxy holds answers back/) });
      return;
    }
    expectAll(report as Report, run.expected);
    // Two at least: a browser may repeat a request.
    expect(run.proxy.idleMs === undefined ? drops : proxy.cuts).toBeGreaterThanOrEqual(2);
  } finally {
    await close();
  }
}

function query({ transports, proxy, expected }: BrowserRun): URLSearchParams {
  const asked = new URLSearchParams();
  if (transports !== undefined) asked.set('transports', transports);
  if (proxy.idleMs !== undefined) asked.set('idle', '');
  if (expected === undefined) asked.set('why', '');
  return asked;
}

function expectAll(report: Report, transport: 'ws' | 'sse'): void {
  expect(report).toMatchObject({ transport, gaps: 0, refused: 'INVALID_EVENT', end: 'closed' });
  expect(report.sent).toHaveLength(60);
  expect(report.history).toBe(60);
  const [all = [], again, later] = report.got;
  expect(all.toSorted()).toEqual(report.sent.toSorted());
  // Publishes that are sent again after a loss may change places; what was published in peace may not.
  for (const at of [0, 30]) expect(all.slice(at, at + 15)).toEqual(report.sent.slice(at, at + 15));
  expect([again, later]).toEqual([all, all.slice(30)]);
}
