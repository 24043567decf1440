import type { Logger } from './logger.ts';

/** Calls code that others gave: a failure of it is logged and counted, and disturbs nobody else [D11]. */
export class IsolatedCalls {
  readonly #logger: Logger;
  /** Calls that threw or rejected since the start. */
  errors = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Calls it. A promise that it returns is not waited for.
   * @param fields tell in the log which code it was
   */
  call(handle: () => unknown, message: string, fields: object): void {
    const failed = (error: unknown): void => {
      this.errors++;
      this.#logger.error({ err: error, ...fields }, message);
    };
    try {
      const result = handle();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
