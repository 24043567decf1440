import type { EncodeBody } from './body.ts';
import { FrameWriters } from './frame-writer.ts';
import { Groups } from './group.ts';
import {
  type LiveSubscription,
  OutletReader,
  type OutletReaderSetup,
  type Recipient,
} from './outlet-reader.ts';

/**
 * Delivers event subscriptions to the outlets of one transport, in groups, instead of iterating each: an event is
 * matched and encoded once for all who want it.
 */
export class GroupDelivery {
  readonly #writers = new FrameWriters();
  readonly #setup: OutletReaderSetup;

  /**
   * @param encode makes the bytes of an event that are the same for everybody
   * @param highWaterBytes bytes an outlet may have unsent before its reader is refilled from the log, conflated or cut [D9]
   */
  constructor(encode: EncodeBody, highWaterBytes: number) {
    this.#setup = { groups: new Groups(encode), encode, highWaterBytes };
  }

  /** Begins to write a subscription's items. Returns what ends it: nothing is written after. */
  deliver(subscription: LiveSubscription, recipient: Recipient): () => void {
    const reader = new OutletReader(subscription, recipient, this.#writers.of(recipient.outlet), this.#setup);
    return () => reader.close();
  }
}
