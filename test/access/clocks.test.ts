import { expect, test, vi } from 'vitest';
import { Session } from '../../server/access/sessions/session.ts';
import { MemoryBroker, Sessions } from '../../server/index.ts';

const HOUR = 3_600_000;

/** Two nodes that share a log, one with a clock that is so far off. */
async function nodes(offMs: number) {
  const broker = new MemoryBroker();
  const wrong = new Sessions({ broker, now: () => Date.now() + offMs });
  const right = new Sessions({ broker });
  await Promise.all([wrong.start(), right.start()]);
  const letsIn = (sessions: Sessions, issuedAt: number): boolean => {
    try {
      sessions.open({ id: 'alice', claims: {}, issuedAt }).close();
      return true;
    } catch {
      return false;
    }
  };
  return { wrong, right, letsIn, [Symbol.asyncDispose]: () => broker.close() };
}

test.each([
  ['a year ahead', 365 * 24 * HOUR],
  ['an hour behind', -HOUR],
])(
  'a revocation from a node whose clock is %s refuses earlier tokens on every node, and no later ones',
  async (_, offMs) => {
    await using it = await nodes(offMs);
    await it.wrong.revoke('alice');
    const now = Date.now();
    for (const sessions of [it.right, it.wrong]) {
      await expect.poll(() => it.letsIn(sessions, now + 1000)).toBe(true);
      expect(it.letsIn(sessions, now - HOUR / 2)).toBe(false);
    }
  },
);

test('a session does not last longer because the clock was set back, and lasts for ever without an expiry', () => {
  let [timeOfDay, elapsed] = [1_000_000, 0];
  using _ = vi.spyOn(performance, 'now').mockImplementation(() => elapsed);
  const closed = vi.fn();
  const open = (expiresAt?: number) =>
    new Session({ id: 'a', claims: {}, ...(expiresAt && { expiresAt }) }, () => timeOfDay, closed);
  const [session, endless] = [open(timeOfDay + 1000), open()];
  timeOfDay -= HOUR;
  elapsed = 999;
  session.assertActive();
  elapsed = 1000;
  expect(() => session.assertActive()).toThrow(expect.objectContaining({ code: 'TOKEN_EXPIRED' }));
  endless.assertActive();
  expect(endless.leftMs).toBe(Number.POSITIVE_INFINITY);
  endless.close();
});
