import type { AnyTRPCRouter } from '@trpc/server';
import type { Live } from '../core/live.ts';
import { messageBody } from './body.ts';
import { GroupDelivery, subscriptionOf } from './group-delivery.ts';
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
        const { outlet } = call.connection;
        const name = `${outlet.name}/${call.id}`;
        return delivery.deliver(subscription, { outlet, style: styles.of(call), name, end: call.end });
      },
    };
  };
}
