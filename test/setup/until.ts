import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds; what throws does not hold yet. @throws after 20 s, with what it waited for */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await sleep(10);
  }
}
