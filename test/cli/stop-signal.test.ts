import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { STOP_SIGNALS, stopSignal } from '../../cli/stop-signal.ts';

/** Listeners of the process that runs this. */
let known: unknown[] = [];
const listeners = (signal: NodeJS.Signals) =>
  process.rawListeners(signal).filter((each) => !known.includes(each)) as (() => void)[];

beforeEach(() => {
  known = STOP_SIGNALS.flatMap((signal) => process.rawListeners(signal));
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  for (const signal of STOP_SIGNALS)
    for (const each of listeners(signal)) process.removeListener(signal, each);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a Ctrl-C that npm passes on once more leaves a command to its end; a later one ends it', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  /** @returns true where the process hears of it: else the system ends it */
  const interrupt = () => {
    const [each] = listeners('SIGINT');
    each?.();
    return each !== undefined;
  };
  const signal = stopSignal();
  expect(signal.aborted).toBe(false);
  expect(interrupt()).toBe(true);
  expect(signal.aborted).toBe(true);
  vi.advanceTimersByTime(400);
  expect(interrupt()).toBe(true);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(interrupt()).toBe(true);
  expect(exit.mock.calls).toEqual([[1]]);
});
