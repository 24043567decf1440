import { vi } from 'vitest';

/** Puts timeouts into a test's hands. Immediates stay real: they are how a hub hands out what came in one turn. */
export function holdTimeouts(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}
