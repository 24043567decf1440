import { AbstractAgent, verifyEvents } from '@ag-ui/client';
import type { BaseEvent, Message, RunAgentInput } from '@ag-ui/core';
import { from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { AgUiDialect } from '../../../agents/ag-ui/ag-ui-dialect.ts';
import { agUiEvents, VIEWED } from '../../../agents/ag-ui/ag-ui-events.ts';
import type { Place } from '../../../agents/stream/place.ts';
import { StreamReader } from '../../../agents/stream/stream-reader.ts';
import { wholeItems } from '../../../agents/stream/whole-items.ts';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import { EventManager } from '../../../server/event-manager/event-manager.ts';
import { defineEvents } from '../../../shared/catalog.ts';
import { type Clock, systemClock } from '../../../shared/timing.ts';

export const THREAD = 't';
export const TOPIC = `agui-${THREAD}`;
export const catalog = defineEvents(agUiEvents);
export const question = { id: 'u1', role: 'user', content: 'Well?' } as const satisfies Message;

/** Input of a run of the thread. */
export function inputOf(runId: string): RunAgentInput {
  const nothing = { tools: [], context: [], state: {}, forwardedProps: {} };
  return { threadId: THREAD, runId, messages: [question], ...nothing };
}

/** A clock on which pieces of text are joined for no time. */
const swift: Clock = {
  ...systemClock,
  setTimer: (callback, ms) => systemClock.setTimer(callback, ms <= 50 ? 0 : ms),
};

export function threadManager(broker = new MemoryBroker()) {
  return new EventManager({ catalog, broker, clock: swift });
}

export type ThreadManager = ReturnType<typeof threadManager>;

/** A viewer of the thread: the events that it was told, and its places. */
export interface Viewed {
  readonly events: BaseEvent[];
  /** Places that it had, each after so many of its events. */
  readonly places: { readonly told: number; readonly place: Place<BaseEvent> }[];
}

/**
 * Views the thread until no run is going on and `isOver` says so, from a place, from a cursor, or from its beginning.
 * @param onSynced called once the viewer is live
 */
export async function view(
  manager: ThreadManager,
  {
    place,
    since = place?.since,
    isOver = () => true,
    onSynced,
  }: {
    place?: Place<BaseEvent> | undefined;
    since?: string | undefined;
    isOver?: (told: readonly BaseEvent[]) => boolean;
    onSynced?: (() => void) | undefined;
  } = {},
): Promise<Viewed> {
  const reader = new StreamReader(new AgUiDialect(THREAD), { place });
  const [epoch] = (await manager.openEvents({ topic: TOPIC, types: ['run'] })).cursor.split(':');
  const viewed: Viewed = { events: [], places: [] };
  const items = manager.subscribe({ topic: TOPIC, types: VIEWED, since: since ?? `${epoch}:0` });
  for await (const { cursor, event } of wholeItems(items)) {
    viewed.events.push(...reader.take(event, cursor));
    if (reader.place)
      viewed.places.push({ told: viewed.events.length, place: structuredClone(reader.place) });
    if (event.event_type === 'stream_synced') onSynced?.();
    if (reader.isIdle && isOver(viewed.events)) break;
  }
  return viewed;
}

/** Throws where AG-UI's own rules are broken. */
export async function verify(events: readonly BaseEvent[]): Promise<void> {
  await lastValueFrom(from(events).pipe(verifyEvents(), toArray()), { defaultValue: [] });
}

/** An agent that is told events as they are: AG-UI's own pipeline makes its messages and its state. */
export class ToldAgent extends AbstractAgent {
  next: readonly BaseEvent[] = [];

  run(_input: RunAgentInput): Observable<BaseEvent> {
    return from(this.next);
  }

  protected override connect(input: RunAgentInput): Observable<BaseEvent> {
    return this.run(input);
  }

  /** Applies events; interrupts of a run before are no concern here. */
  async tell(events: readonly BaseEvent[]): Promise<void> {
    this.next = events;
    this.pendingInterrupts = [];
    await this.connectAgent();
  }

  get made(): { messages: Message[]; state: unknown } {
    return { messages: this.messages, state: this.state };
  }
}

/** The messages and the state that AG-UI makes of streams, one after the other. */
export async function madeOf(...streams: (readonly BaseEvent[])[]) {
  const agent = new ToldAgent({ threadId: THREAD });
  for (const events of streams) await agent.tell(events);
  return structuredClone(agent.made);
}
