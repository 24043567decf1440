import type { SettledState, StreamUpdate } from '../../shared/open/open-part.ts';
import { isStreamNotice, isStreamUpdate } from '../../shared/stream-items.ts';
import { isRecord } from '../../shared/wire/shapes.ts';
import { encodePlainly } from '../../shared/wire/transformer.ts';
import type { AnyItem, ArrivedEvent } from './items.ts';

/** An open event as it was told last. */
interface Held {
  event: ArrivedEvent & Required<Pick<ArrivedEvent, 'open'>>;
  /** The text that grows. Kept beside the event: a handler may have changed what it was given. */
  readonly text: string | undefined;
  /** False while a server that tells all anew has not told it. */
  isTold: boolean;
}

/**
 * The open events of a subscription: it makes whole events of the changes that are told of them. A server keeps 1000 to a
 * topic at most, and so does this.
 */
export class OpenEvents {
  readonly #held = new Map<string, Held>();

  /** The server begins to tell anew what is open, up to its `stream_synced`. */
  restart(): void {
    for (const held of this.#held.values()) held.isTold = false;
  }

  /**
   * The items to hand out for one that came: events are whole, each time another object. They are made as they are asked for:
   * who stops in between is told the rest by whoever goes on.
   * @param isBehind its place is before the last record that came: a server that was moved to is behind the one before
   */
  *take(item: AnyItem, isBehind = false): Generator<AnyItem, void, undefined> {
    if (isStreamUpdate(item)) yield* this.#update(item);
    else if (!isStreamNotice(item)) yield* this.#event(item, isBehind);
    else {
      // What is not told again is open no more; of a log that was lost nothing is [O10].
      if (item.event_type === 'stream_synced') yield* this.#lose(({ isTold }) => !isTold);
      const { reason, open = [] } = item.event_type === 'stream_gap' ? item.data : {};
      // What was erased is told nothing more of, also where nobody goes on after this item.
      for (const id of open) this.#held.delete(id);
      yield item;
      if (reason === 'epoch_changed') yield* this.#lose(({ event }) => event.topic === item.topic);
    }
  }

  #event(item: ArrivedEvent, isBehind: boolean): AnyItem[] {
    const { open } = item;
    if (!open) return [item];
    if (open.state !== 'open') {
      this.#held.delete(open.id);
      return [item];
    }
    const was = this.#held.get(open.id);
    const text = textOf(item);
    // One that is not known, of a server that is behind, was settled since: that would not be handed out again.
    if (was ? isKnown(was, item, text) : isBehind && open.kind !== 'presence') {
      if (was) was.isTold = true;
      return [];
    }
    this.#held.set(open.id, { event: { ...item, open }, text, isTold: true });
    return [item];
  }

  #update({ data, topic }: StreamUpdate): AnyItem[] {
    if ('count' in data) {
      // From here on its members are not told one by one.
      for (const [id, { event }] of this.#held)
        if (event.event_type === data.type && event.topic === topic) this.#held.delete(id);
      return [
        { event_type: 'stream_update', timestamp: new Date().toISOString(), data, ...(topic && { topic }) },
      ];
    }
    const held = this.#held.get(data.id);
    if (!held || held.event.topic !== topic) return [];
    const { event, text, isTold } = held;
    if ('state' in data) {
      this.#held.delete(data.id);
      return [settled(event, data.state)];
    }
    if ('data' in data) return this.#put({ ...event, data: data.data, stored: false }, undefined, isTold);
    // A piece that does not follow is left out, and so are those after it, until the event is told whole: as it is when
    // the subscription resumes, or as it was settled. A text with a hole would be wrong.
    if (text === undefined || data.at > text.length || !isRecord(event.data)) return [];
    const grown = text.slice(0, data.at) + data.text;
    if (text.startsWith(grown)) return []; // it was told before, by another server
    const { field = '' } = event.open;
    return this.#put({ ...event, data: { ...event.data, [field]: grown }, stored: false }, grown, isTold);
  }

  #put(event: Held['event'], text: string | undefined, isTold: boolean): AnyItem[] {
    this.#held.set(event.open.id, { event, text, isTold });
    return [event];
  }

  *#lose(isLost: (held: Held) => boolean): Generator<AnyItem, void, undefined> {
    for (const held of [...this.#held.values()]) {
      const { event } = held;
      if (!isLost(held)) continue;
      this.#held.delete(event.open.id);
      yield settled(event, 'lost');
    }
  }
}

function settled(event: Held['event'], state: SettledState): ArrivedEvent {
  return { ...event, open: { ...event.open, state }, stored: false };
}

function textOf({ data, open }: ArrivedEvent): string | undefined {
  const text = open?.field !== undefined && isRecord(data) ? data[open.field] : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** Tells if an event that is told again is as it was. Of a text less may be told: what grew at another server is not taken back. */
function isKnown({ event, text }: Held, { data }: ArrivedEvent, told: string | undefined): boolean {
  if (told !== undefined) return text?.startsWith(told) ?? false;
  return event.open.kind !== 'presence' || written(event.data) === written(data);
}

function written(data: unknown): string {
  return JSON.stringify(encodePlainly(data));
}
