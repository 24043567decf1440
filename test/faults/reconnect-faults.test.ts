import { afterEach, describe, expect, test, vi } from 'vitest';
import { startBalancer } from './balancer.ts';
import { size, tell } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { startFollowers } from './crowd.ts';
import { startNode } from './node.ts';

const WINDOW_MS = 100;
/** Windows in which the server can take all: they cannot come at once. */
const WINDOWS = 10;
const NAME = '11 all reconnect at once';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Takes so many connections in a while, and refuses others. */
function turnstile(clients: number, windowMs: number): () => boolean {
  let window = 0;
  let taken = 0;
  return () => {
    const now = Math.floor(performance.now() / windowMs);
    if (now !== window) [window, taken] = [now, 0];
    return ++taken <= clients / WINDOWS;
  };
}

/**
 * All clients lose their connection in one moment.
 * @param processes those that the clients run in, in the long form
 * @param paced the windows are as long as this machine needs for one attempt of all clients, if that is longer: on a slow
 * one, attempts at once would be spread over many windows
 * @returns how they came back
 */
async function comeBack(clients: number, processes: number, paced = false) {
  let admit = (): boolean => true;
  await using node = await startNode();
  await using balancer = await startBalancer(
    () => [node.port],
    () => admit(),
  );
  await using followers = await startFollowers(new CheckedTopics(1), {
    ...{ urls: [balancer.url], perTopic: clients, processes },
  });
  /** @returns ms until all are level again */
  const cutAll = async (): Promise<number> => {
    const { synced } = followers;
    const since = performance.now();
    balancer.cut();
    balancer.open();
    await expect
      .poll(() => followers.synced > synced && followers.areLive, { timeout: 60_000, interval: 20 })
      .toBe(true);
    return Math.round(performance.now() - since);
  };
  const windowMs = paced ? Math.max(WINDOW_MS, await cutAll()) : WINDOW_MS;
  admit = turnstile(clients, windowMs);
  const backMs = await cutAll();
  return { clients, attempts: followers.attempts, backMs };
}

describe('with all clients reconnecting at once to a server that takes a few at a time', {
  timeout: size(60_000, 300_000),
}, () => {
  test('[D12] all clients are back within 30 s, after up to 3 attempts', async () => {
    const report = await comeBack(size(150, 5000), 4);
    tell(NAME, report);
    expect(report.attempts).toBeLessThanOrEqual(3);
    expect(report.backMs).toBeLessThan(30_000);
  });

  test('control: clients without jitter block each other', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { attempts } = await comeBack(150, 0, true);
    tell(NAME, { control: `${attempts} attempts` });
    expect(attempts).toBeGreaterThan(3);
  });
});
