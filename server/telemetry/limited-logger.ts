import type { Clock } from '../../shared/timing.ts';
import type { Logger } from './logger.ts';

/** Ms within which lines of one kind are counted instead of written. */
const WINDOW_MS = 5_000;
/** Kinds that are told apart at a time; further ones share a window. */
const MAX_KINDS = 1_000;

type Level = 'info' | 'warn' | 'error';

type Timers = Pick<Clock, 'setTimer'>;

/** Timers of this machine, for which no process is kept running. */
const idleTimers: Timers = {
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Lines of one kind since the last one that was written. */
interface Window {
  left: number;
  writeLast: (left: number) => void;
  cancel: () => void;
}

/**
 * Writes lines in proportion: an outage or a hostile client causes thousands a second that all say the same. The first of
 * a kind is written at once; of those that follow, one each five seconds with `leftOut`, the lines that were not. A kind is
 * a level and a message. Lines for debugging are not limited.
 */
export class LimitedLogger implements Logger {
  readonly #logger: Logger;
  readonly #clock: Timers;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger, clock: Timers = idleTimers) {
    this.#logger = logger;
    this.#clock = clock;
  }

  debug(fields: object, message: string): void {
    this.#logger.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#write('error', fields, message);
  }

  isLevelEnabled(level: string): boolean {
    return this.#logger.isLevelEnabled?.(level) ?? true;
  }

  /** Writes what was counted so far. */
  flush(): void {
    for (const [kind, window] of this.#windows) {
      window.cancel();
      this.#windows.delete(kind);
      if (window.left > 0) window.writeLast(window.left);
    }
  }

  #write(level: Level, fields: object, message: string): void {
    const kind = this.#kindOf(`${level} ${message}`);
    const window = this.#windows.get(kind);
    if (window === undefined) {
      this.#logger[level](fields, message);
      this.#open(kind);
      return;
    }
    window.left++;
    window.writeLast = (left) =>
      this.#logger[level](left > 1 ? { ...fields, leftOut: left - 1 } : fields, message);
  }

  #kindOf(kind: string): string {
    return this.#windows.has(kind) || this.#windows.size < MAX_KINDS ? kind : '';
  }

  #open(kind: string): void {
    const cancel = this.#clock.setTimer(() => {
      const { left = 0, writeLast } = this.#windows.get(kind) ?? {};
      this.#windows.delete(kind);
      if (left === 0) return;
      writeLast?.(left);
      this.#open(kind); // it goes on
    }, WINDOW_MS);
    this.#windows.set(kind, { left: 0, writeLast: () => {}, cancel });
  }
}
