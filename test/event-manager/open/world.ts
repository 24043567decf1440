import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Broker } from '../../../server/broker/broker.ts';
import type { NewOpenEvent, OpenEvents, Owner } from '../../../server/broker/open/open-events.ts';
import type { EventManager } from '../../../server/index.ts';
import {
  type AnyCatalog,
  defineEvents,
  ephemeral,
  growing,
  presence,
  question,
} from '../../../shared/index.ts';
import { validatedEntry } from '../../../shared/log.ts';
import type { BegunKind, SettledState } from '../../../shared/open/open-part.ts';
import { Collector } from '../../support/collect.ts';

/** Events of each kind. */
export const catalog = defineEvents({
  note: z.object({ text: z.string() }),
  reply: growing(z.object({ agent_id: z.string(), text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
  viewer: presence(z.object({ name: z.string(), room: z.string().optional() })),
  typing: ephemeral(z.object({ who: z.string() })),
});

export type Events = typeof catalog;

const KINDS = { reply: 'growing', approval: 'question', viewer: 'presence' } as const;
type Begun = keyof typeof KINDS;

/** An entry as this process's own publishers make it, with the parts of an open event. */
export function entryOf(type: string, data: unknown, more: object = {}, by?: string) {
  const { parse }: AnyCatalog = catalog;
  const entry = validatedEntry(catalog, { event_type: type }, parse(type, data), { by });
  const json = JSON.stringify({ ...JSON.parse(entry.json), ...more });
  return { ...entry, json };
}

function openPart(id: string, kind: BegunKind, state: SettledState | 'open') {
  return { open: { id, kind, state, ...(kind === 'growing' && { field: 'text' }) } };
}

/** Open events of one topic, begun and changed at its broker. */
export class OpenTopic {
  readonly #broker: Broker;
  readonly #topic: string;

  constructor(broker: Broker, topic = 'default') {
    this.#broker = broker;
    this.#topic = topic;
  }

  get open(): OpenEvents {
    if (!this.#broker.open) throw new Error('the broker has no open sets');
    return this.#broker.open;
  }

  async begin(
    type: Begun,
    data: Record<string, unknown>,
    by?: string,
    id: string = randomUUID(),
  ): Promise<Live> {
    const kind = KINDS[type];
    const text = kind === 'growing' ? String(data['text'] ?? '') : undefined;
    const entry = { ...entryOf(type, data, openPart(id, kind, 'open'), by), id };
    const event: NewOpenEvent = {
      ...{ id, key: id, by, kind, entry, leaseMs: 600_000 },
      ...(text !== undefined && { grows: { field: 'text', text } }),
    };
    await this.open.begin(this.#topic, event, 10_000);
    return new Live(this.open, this.#topic, type, event, data);
  }

  reply(text = '', agent_id = 'shadow'): Promise<Live> {
    return this.begin('reply', { agent_id, text });
  }

  viewer(name: string, by?: string, room?: string): Promise<Live> {
    return this.begin('viewer', room === undefined ? { name } : { name, room }, by);
  }

  approval(tool: string, by?: string): Promise<Live> {
    return this.begin('approval', { tool }, by);
  }

  typing(who: string): Promise<string> {
    return this.open.announce(this.#topic, entryOf('typing', { who }));
  }

  async note(text: string | number): Promise<string> {
    const [result] = await this.#broker.publish(this.#topic, [entryOf('note', { text: String(text) })]);
    return result?.cursor ?? '';
  }
}

/** An event that is open. */
export class Live {
  readonly id: string;
  text: string;
  data: Record<string, unknown>;
  readonly #open: OpenEvents;
  readonly #topic: string;
  readonly #type: Begun;
  readonly #owner: Owner;

  constructor(
    open: OpenEvents,
    topic: string,
    type: Begun,
    { id, key, by }: NewOpenEvent,
    data: Record<string, unknown>,
  ) {
    this.id = id;
    this.text = String(data['text'] ?? '');
    this.data = data;
    this.#open = open;
    this.#topic = topic;
    this.#type = type;
    this.#owner = { id, key, by };
  }

  async append(text: string): Promise<void> {
    await this.#open.append(this.#topic, this.#owner, this.text.length, text);
    this.text += text;
  }

  async replace(data: Record<string, unknown>): Promise<void> {
    this.data = data;
    const more = openPart(this.id, 'presence', 'open');
    await this.#open.replace(this.#topic, this.#owner, entryOf(this.#type, data, more, this.#owner.by));
  }

  /** @param by default: its owner */
  async settle(state: SettledState, answer?: unknown, by = this.#owner.by): Promise<void> {
    const { id, key } = this.#owner;
    const kind = KINDS[this.#type];
    const data = kind === 'growing' ? { ...this.data, text: this.text } : this.data;
    const more = { ...openPart(id, kind, state), ...(answer !== undefined && { answer }) };
    const entry = { ...entryOf(this.#type, data, more, by), id: `${id}.settled` };
    await this.#open.settle(this.#topic, {
      ...{ id, state, by, answer, as: { key, by: this.#owner.by } },
      ...(kind !== 'presence' && { entry }),
    });
  }
}

type Options = Parameters<EventManager<Events>['subscribe']>[0];

/** Reads a subscription in the background. */
export function collect(manager: EventManager<Events>, options: Options = {}) {
  return new Collector<Item>((signal) => manager.subscribe({ ...options, signal }));
}

/** An item of a subscription, of whatever sort. */
export interface Item {
  event_type: string;
  data: unknown;
  topic?: string;
  stored?: false | undefined;
  open?: { id: string; state: string } | undefined;
}

/** An item as a short text, for tests of order: `note 1`, `reply open "ab"`, `+"c"@2`, `viewer open Ada`, `left`, `synced`. */
export function short({ event_type, data, open, stored }: Item): string {
  const {
    text,
    at,
    state,
    name,
    count,
    type,
    who,
    tool,
    each,
    data: replaced,
  } = data as Record<string, unknown>;
  const now = stored === false ? ' now' : '';
  const { name: newName } = (replaced ?? {}) as { name?: string };
  if (event_type === 'stream_update') {
    if (count !== undefined) return `${type} × ${count}${each ? ', each' : ''}`;
    if (replaced !== undefined) return `= ${newName}`;
    return state === undefined ? `+${text}@${at}` : `${state}`;
  }
  if (event_type.startsWith('stream_')) return event_type.slice('stream_'.length);
  return `${event_type} ${open ? `${open.state} ` : ''}${text ?? name ?? who ?? tool}${now}`;
}

export const shorts = (items: readonly Item[]): string[] => items.map(short);
