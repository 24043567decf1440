import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { agentMessage } from '../events.ts';
import { sharedNow } from '../harness/clock.ts';
import type { RunningServer } from '../peers/peer.ts';

/** Rate at which events are published. */
export type Pace =
  /** So many in each turn of the event loop. */
  | { readonly perTick: number }
  /** One every so many milliseconds. */
  | { readonly everyMs: number }
  /** As fast as they are accepted, so many unanswered at a time. */
  | { readonly inFlight: number };

/** Publishes events `first` to `first + count - 1`; when each was handed over, by the shared clock. */
export async function publishEvents(
  server: RunningServer,
  first: number,
  count: number,
  pace: Pace,
): Promise<Float64Array> {
  const sentAt = new Float64Array(count);
  const publish = (index: number): unknown => {
    sentAt[index] = sharedNow();
    return server.publish(agentMessage(first + index));
  };
  if ('perTick' in pace) await byTick(count, pace.perTick, publish);
  else if ('everyMs' in pace) await byClock(count, pace.everyMs, publish);
  else await byReply(count, pace.inFlight, publish);
  return sentAt;
}

async function byTick(count: number, perTick: number, publish: (index: number) => unknown): Promise<void> {
  const accepted: unknown[] = [];
  for (let index = 0; index < count; index++) {
    accepted.push(publish(index));
    if ((index + 1) % perTick === 0) await setImmediate();
  }
  await Promise.all(accepted);
}

async function byClock(count: number, everyMs: number, publish: (index: number) => unknown): Promise<void> {
  const accepted: unknown[] = [];
  const start = sharedNow();
  for (let index = 0; index < count; index++) {
    await delay(start + index * everyMs - sharedNow());
    accepted.push(publish(index));
  }
  await Promise.all(accepted);
}

async function byReply(count: number, inFlight: number, publish: (index: number) => unknown): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await publish(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}
