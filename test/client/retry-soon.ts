import { afterEach, beforeEach, vi } from 'vitest';

/** Has clients in the tests of a file wait 10 ms and little more before they try again: the random part of a wait is small. */
export function retrySoon(): void {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0.01);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
}
