import type { ConnectionEvent } from './connection-state.ts';

const TOUCH_MS = 1000;

/** Tells when the last event arrived: of the first at once, and then once a second at most. */
export class LastEvent {
  readonly #apply: (event: ConnectionEvent) => void;
  #at = 0;
  #touching: ReturnType<typeof setTimeout> | undefined;

  constructor(apply: (event: ConnectionEvent) => void) {
    this.#apply = apply;
  }

  arrived(): void {
    const isFirst = this.#at === 0;
    this.#at = Date.now();
    if (this.#touching !== undefined) return;
    this.#touching = setTimeout(() => {
      this.#touching = undefined;
      this.#tell();
    }, TOUCH_MS);
    if (isFirst) this.#tell();
  }

  stop(): void {
    clearTimeout(this.#touching);
  }

  #tell(): void {
    this.#apply({ type: 'received', at: this.#at });
  }
}
