import { afterEach, describe, expect, test, vi } from 'vitest';
import { startBalancer } from './balancer.ts';
import { size, tell } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { startFollowers } from './crowd.ts';
import { startNode } from './node.ts';

const WINDOW_MS = 100;
/** Windows in which the server can take all: they cannot come at once. */
const WINDOWS = 10;
/** For a machine that is slow and busy: what passes does not wait for it. */
const LONGEST_MS = 60_000;
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
 * All clients lose their connection in one moment, and come back to a server that is busy.
 * @param paced its windows last as long as one attempt of all clients, if that is longer: on a slow machine, attempts that
 * begin at once are spread over more than a window of the usual length
 * @param enough attempts after which nobody is waited for
 */
async function comeBack(clients: number, processes: number, paced = false, enough = Infinity) {
  let admit = (): boolean => true;
  await using node = await startNode();
  await using balancer = await startBalancer(
    () => [node.port],
    () => admit(),
  );
  await using followers = await startFollowers(new CheckedTopics(1), {
    ...{ urls: [balancer.url], perTopic: clients, processes },
  });
  const cutAll = async (): Promise<number> => {
    const { synced } = followers;
    const since = performance.now();
    balancer.cut();
    balancer.open();
    const isOver = () => followers.attempts >= enough || (followers.synced > synced && followers.areLive);
    await expect.poll(isOver, { timeout: LONGEST_MS, interval: 20 }).toBe(true);
    return Math.round(performance.now() - since);
  };
  const windowMs = paced ? Math.max(WINDOW_MS, await cutAll()) : WINDOW_MS;
  admit = turnstile(clients, windowMs);
  const backMs = await cutAll();
  return { clients, attempts: followers.attempts, backMs };
}

describe('with all clients reconnecting at once to a server that takes a few at a time', {
  timeout: 5 * LONGEST_MS,
}, () => {
  test('[D12] all clients are back within 30 s, after up to 3 attempts', async () => {
    const report = await comeBack(size(150, 5000), 4);
    tell(NAME, report);
    expect(report.attempts).toBeLessThanOrEqual(3);
    expect(report.backMs).toBeLessThan(30_000);
  });

  test('control: clients without jitter block each other', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { attempts } = await comeBack(150, 0, true, 4);
    tell(NAME, { control: `${attempts} attempts` });
    expect(attempts).toBeGreaterThan(3);
  });
});
