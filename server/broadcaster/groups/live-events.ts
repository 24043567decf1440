import type { AnyTRPCRouter } from '@trpc/server';
import type { FrameStyle } from '../../event-manager/hubs/hub.ts';
import type { Live, LiveCall } from '../core/live.ts';
import type { Outlet } from '../core/outlet.ts';
import { messageBody } from './body.ts';
import { GroupDelivery, type Recipient, subscriptionOf } from './group-delivery.ts';
import { MessageStyles } from './message-style.ts';

export interface LiveEventsOptions {
  /** Bytes a connection may have unsent before it is refilled from the log, conflated or cut [D9]. */
  highWaterBytes: number;
  /** Bytes from which a message goes compressed to clients that negotiated it. */
  compressFrom: number;
}

/**
 * Makes what lets event subscriptions write to WebSockets in groups. It is asked for the result of a subscription's
 * procedure, and answers undefined for one that has to be iterated.
 */
export function liveEvents(
  router: AnyTRPCRouter,
  { highWaterBytes, compressFrom }: LiveEventsOptions,
): (result: unknown) => Live | undefined {
  const delivery = new GroupDelivery(messageBody(router), highWaterBytes);
  const styles = new MessageStyles(compressFrom);
  return (result) => {
    const subscription = subscriptionOf(result);
    if (!subscription) return undefined;
    return {
      attach(call) {
        return delivery.deliver(subscription, new CallRecipient(call, styles.of(call)));
      },
    };
  };
}

/** A call of a connection as the recipient of a subscription. */
class CallRecipient implements Recipient {
  readonly style: FrameStyle;
  readonly #call: LiveCall;

  constructor(call: LiveCall, style: FrameStyle) {
    this.#call = call;
    this.style = style;
  }

  get outlet(): Outlet {
    return this.#call.connection.outlet;
  }

  get name(): string {
    return `${this.outlet.name}/${this.#call.id}`;
  }

  end(error: Error): void {
    this.#call.end(error);
  }
}
