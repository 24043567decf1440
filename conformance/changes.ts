/** Tells who waits that something has changed, so that nobody has to look again and again. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  tell(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Resolves once something holds, which is looked at now and after each change.
   * @param describe what there is in its place, for the error
   * @throws Error when `signal` aborts before, or `holds` throws
   */
  until(what: string, holds: () => boolean, describe: () => string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        end();
        reject(new Error(`Waited in vain for ${what}; there is ${describe()}`));
      };
      const look = (): void => {
        try {
          if (!holds()) return;
          end();
          resolve();
        } catch (error) {
          end();
          reject(error);
        }
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', giveUp);
      look();
      if (signal.aborted) giveUp();
    });
  }
}
