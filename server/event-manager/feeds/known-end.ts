import { once } from 'node:events';
import { type Position, samePosition } from '../../../shared/cursor.ts';
import { hasReached } from '../../broker/gaps.ts';
import type { Hub } from '../hubs/hub.ts';
import { patiently } from '../reading/steps.ts';

/**
 * The end of a log, as its hub knew it when a feed started: the feed has caught up there, and not where the hub stood. A hub
 * hands out a record a little after it was written; a publisher that follows its topic finds its own record nevertheless.
 */
export class KnownEnd {
  readonly #hub: Hub;
  #place: Position | null;

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#place = hub.coming;
  }

  isReached(position: Position): boolean {
    return this.#place === null || hasReached(position, this.#place);
  }

  /** Waits until the hub hands out more than up to a position. An end that its log does not have, or not for now, is reached. */
  async comeOn(position: Position, signal: AbortSignal): Promise<void> {
    const place = this.#place;
    if (place === null) return;
    // The log is asked only if nothing has arrived: what it has lost would be waited for in vain.
    if (!this.#hub.isMoving) {
      const { epoch, last } = await patiently(() => this.#hub.log.bounds(), signal);
      if (!hasReached({ epoch, seq: last }, place)) this.#place = null;
    }
    if (this.#place !== null && samePosition(position, this.#hub.position))
      await once(this.#hub.emitter, 'batch', { signal });
  }
}
