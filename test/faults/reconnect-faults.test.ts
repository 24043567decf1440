import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient, type EventsClient } from '../../client/index.ts';
import { startTestServer } from '../client/test-server.ts';
import { size, tell } from './chaos.ts';

const WINDOW_MS = 100;
/** Windows in which the server can take all: they cannot come at once. */
const WINDOWS = 10;
const NAME = '11 all reconnect at once';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A server that takes so many connections in a while, and refuses others. */
function turnstile(clients: number): () => boolean {
  let window = 0;
  let taken = 0;
  return () => {
    const now = Math.floor(performance.now() / WINDOW_MS);
    if (now !== window) [window, taken] = [now, 0];
    return ++taken <= clients / WINDOWS;
  };
}

/** All clients lose their connection in one moment. @returns how they came back */
async function comeBack(count: number) {
  const admit = turnstile(count);
  let isBusy = false;
  await using server = await startTestServer({ admit: () => !isBusy || admit() });
  const clients: EventsClient[] = [];
  let synced = 0;
  let attempts = 0;
  try {
    for (let i = 0; i < count; i++) {
      const client = createClient({ url: server.wsUrl });
      clients.push(client);
      client.on('agent_message', () => {}, { onSynced: () => synced++ });
      client.connection.subscribe(({ attempt }) => {
        attempts = Math.max(attempts, attempt);
      });
      if (i % 250 === 249) await expect.poll(() => synced, { timeout: 60_000 }).toBe(i + 1);
    }
    await expect.poll(() => synced, { timeout: 60_000 }).toBe(count);
    attempts = 0;
    isBusy = true;
    const since = performance.now();
    server.drop();
    await expect.poll(() => synced, { timeout: 60_000, interval: 20 }).toBe(count * 2);
    return { clients: count, attempts, backMs: Math.round(performance.now() - since) };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

describe('all clients reconnect at once, to a server that takes a few at a time', {
  timeout: size(60_000, 300_000),
}, () => {
  test('[D12] all are back within 30 s, after 3 attempts at most', async () => {
    const report = await comeBack(size(150, 1000));
    tell(NAME, report);
    expect(report.attempts).toBeLessThanOrEqual(3);
    expect(report.backMs).toBeLessThan(30_000);
  });

  test('control: without jitter they stand in each other’s way', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { attempts } = await comeBack(150);
    tell(NAME, { control: `${attempts} attempts` });
    expect(attempts).toBeGreaterThan(3);
  });
});
