import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { type AgentMessage, agentMessage } from '../events.ts';
import { sharedNow } from '../harness/clock.ts';

/** Rate at which events are published. */
export type Pace =
  /** So many in each turn of the event loop. */
  | { readonly perTick: number }
  /** One every so many milliseconds. */
  | { readonly everyMs: number }
  /** As fast as they are accepted, so many unanswered at a time. */
  | { readonly inFlight: number };

/** Number of events to publish, and their rate. */
export interface Amount {
  readonly count: number;
  readonly pace: Pace;
  /** Characters of each message. Default: those of the bench's usual event. */
  readonly chars?: number;
}

/** Publishes the events of a run, one after the other. */
export class EventSource {
  readonly #publish: (event: AgentMessage) => unknown;
  #published = 0;

  constructor(publish: (event: AgentMessage) => unknown) {
    this.#publish = publish;
  }

  /** Publishes one. @returns what the peer answered */
  publishOne(chars?: number): unknown {
    return this.#publish(agentMessage(this.#published++, chars));
  }

  /** @returns when each event was handed over, by the shared clock, and the time until all of them were accepted */
  async publish({ count, pace, chars }: Amount): Promise<{ sentAt: Float64Array; elapsedMs: number }> {
    const sentAt = new Float64Array(count);
    const publish = (index: number): unknown => {
      sentAt[index] = sharedNow();
      return this.publishOne(chars);
    };
    const start = performance.now();
    if ('perTick' in pace) await byTick(count, pace.perTick, publish);
    else if ('everyMs' in pace) await byClock(count, pace.everyMs, publish);
    else await byReply(count, pace.inFlight, publish);
    return { sentAt, elapsedMs: performance.now() - start };
  }
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
