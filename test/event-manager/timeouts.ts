import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';

/** Puts timeouts into a test's hands. Immediates stay real: they are how a hub hands out what came in one turn. */
export function holdTimeouts(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

/** Lets some turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate();
}
