import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until something holds; what throws does not hold yet.
 * @param withinMs default: 20 s
 * @throws when the time is over, with what it waited for
 */
export async function until(what: string, holds: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await sleep(10);
  }
}
