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

/** A type of which the number of members is told. */
interface Counted {
  readonly told: StreamUpdate & { data: Extract<StreamUpdate['data'], { count: number }> };
  isTold: boolean;
}

/**
 * The open events of a subscription: it makes whole events of the changes that are told of them. A server keeps 1000 to a
 * topic at most, and so does this.
 */
export class OpenEvents {
  readonly #held = new Map<string, Held>();
  readonly #counted = new Map<string, Counted>();

  /** The server begins to tell anew what is open, up to its `stream_synced`. */
  restart(): void {
    for (const known of [...this.#held.values(), ...this.#counted.values()]) known.isTold = false;
  }

  /**
   * The items to hand out for one that came: events are whole, each time another object. They are made as they are asked for:
   * who stops in between is told the rest by whoever goes on.
   * @param isBehind its place is before the last record that came: a server that was moved to is behind the one before, and
   * may not know yet what that one has told
   */
  *take(item: AnyItem, isBehind = false): Generator<AnyItem, void, undefined> {
    if (isStreamUpdate(item)) yield* this.#update(item);
    else if (!isStreamNotice(item)) yield* this.#event(item, isBehind);
    else {
      // What is not told again is open no more; of a log that was lost nothing is [O10].
      if (item.event_type === 'stream_synced' && !isBehind) {
        yield* this.#lose(({ isTold }) => !isTold);
        yield* this.#uncount(({ isTold }) => !isTold);
      }
      const { reason, open = [] } = item.event_type === 'stream_gap' ? item.data : {};
      // What was erased is told nothing more of, also where nobody goes on after this item.
      for (const id of open) this.#held.delete(id);
      yield item;
      if (reason !== 'epoch_changed') return;
      yield* this.#lose(({ event }) => event.topic === item.topic);
      yield* this.#uncount(({ told }) => told.topic === item.topic);
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

  #update(item: StreamUpdate): AnyItem[] {
    const { data, topic } = item;
    if ('count' in data) return this.#count({ ...item, data });
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

  #count(told: Counted['told']): AnyItem[] {
    const { data, topic } = told;
    const key = `${topic} ${data.type}`;
    if (data.each) return this.#counted.delete(key) ? [told] : [];
    const isFirst = !this.#counted.has(key);
    this.#counted.set(key, { told, isTold: true });
    if (!isFirst) return [told];
    // From here on its members are not told one by one; those of its own subject are told again.
    for (const id of this.#members(told)) this.#held.delete(id);
    return [{ ...told, data: { ...data, each: false } }];
  }

  /** Types of which no number is told any more: their members are told one by one. */
  *#uncount(isOver: (counted: Counted) => boolean): Generator<AnyItem, void, undefined> {
    for (const [key, counted] of this.#counted) {
      const { told } = counted;
      if (!isOver(counted)) continue;
      this.#counted.delete(key);
      yield { ...told, data: { ...told.data, count: this.#members(told).length, each: true } };
    }
  }

  #members({ data, topic }: Counted['told']): string[] {
    return [...this.#held]
      .filter(([, { event }]) => event.event_type === data.type && event.topic === topic)
      .map(([id]) => id);
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
