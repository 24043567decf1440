import type { AnyTRPCRouter } from '@trpc/server';
import { EventSubscription } from '../../event-manager/event-subscription.ts';
import type { Live } from '../live.ts';
import { bodyEncoder } from './body.ts';
import { FrameStyles } from './frame-style.ts';
import { FrameWriters } from './frame-writer.ts';
import { Groups } from './group.ts';
import { SocketReader, type SocketReaderSetup } from './socket-reader.ts';

export interface BroadcastSettings {
  /** Bytes a connection may have unsent before it is refilled from the log, conflated or cut [D9]. */
  highWaterBytes: number;
  /** Bytes from which a message goes compressed to clients that negotiated it. */
  compressFrom: number;
}

/** Lets event subscriptions write to sockets in groups, instead of being iterated once per subscriber. */
export class Broadcast {
  readonly #writers = new FrameWriters();
  readonly #setup: SocketReaderSetup;

  constructor(router: AnyTRPCRouter, settings: BroadcastSettings) {
    const encode = bodyEncoder(router);
    const { highWaterBytes, compressFrom } = settings;
    this.#setup = {
      groups: new Groups(encode),
      encode,
      styles: new FrameStyles(compressFrom),
      highWaterBytes,
    };
  }

  /** What a subscription's procedure returned, as something live; undefined if it has to be iterated. */
  readonly live = (result: unknown): Live | undefined => {
    if (!(result instanceof EventSubscription)) return undefined;
    return {
      attach: (call) => {
        const reader = new SocketReader(result, call, this.#writers.of(call.connection), this.#setup);
        return () => reader.close();
      },
    };
  };
}
