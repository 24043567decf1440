import { formatCursor } from '../../../shared/cursor.ts';
import type { OpenPart } from '../../../shared/open/open-part.ts';
import { type Backend, OTHER_TOPIC, TOPIC } from '../logs/backend.ts';
import { dataOf, type RefEvent, type ReferenceOpen } from './reference.ts';

export const TOPICS = [TOPIC, OTHER_TOPIC];

/** An event as it travels. */
export interface ToldEvent {
  event_type: string;
  data: unknown;
  by?: string;
  open?: OpenPart;
  answer?: unknown;
  stored?: false;
  topic?: string;
}

/** A record as it lies in the log. */
export interface Logged {
  readonly cursor: string;
  readonly event: ToldEvent;
}

/** The log of a topic. */
export interface TopicLog {
  readonly epoch: string;
  readonly records: readonly Logged[];
}

/** Reads the logs of all topics. */
export async function readLogs(backend: Backend): Promise<ReadonlyMap<string, TopicLog>> {
  const broker = backend.broker();
  try {
    const logs = new Map<string, TopicLog>();
    for (const topic of TOPICS) {
      const { epoch } = await broker.bounds(topic);
      const records: Logged[] = [];
      for (let seq = 0, isEnd = false; !isEnd; ) {
        const page = await broker.read(topic, { epoch, seq }, 1000);
        for (const { cursor, json } of page.records) records.push({ cursor, event: JSON.parse(json) });
        isEnd = page.records.length === 0;
        seq = page.records.at(-1)?.seq ?? seq;
      }
      logs.set(topic, { epoch, records });
    }
    return logs;
  } finally {
    await broker.close();
  }
}

/**
 * Each opening and each settlement of the reference is in the log once, in that order, and is what the reference says.
 * @throws Error [O1]
 */
export function checkLog(topic: string, { epoch, records }: TopicLog, reference: ReferenceOpen): void {
  const states = new Map<string, string[]>();
  const notes: number[] = [];
  for (const { cursor, event } of records) {
    const { open } = event;
    if (!open) {
      notes.push(Number((event.data as { text: string }).text));
      continue;
    }
    states.set(open.id, [...(states.get(open.id) ?? []), open.state]);
    const known = reference.events.find(({ id }) => id === open.id);
    if (!known || known.isGone || known.topic !== topic)
      throw new Error(`[O1] ${topic}: ${cursor} is of ${open.id}, which nobody was told to have begun`);
    if (open.state !== 'open') checkSettlement(cursor, event, known);
    else if (known.begun !== cursor)
      throw new Error(`[O1] ${open.id} was begun at ${cursor}, answered ${known.begun}`);
  }
  for (const event of reference.events) {
    if (event.topic !== topic || event.isGone || event.type === 'viewer') continue;
    const expected = event.state === 'open' ? ['open'] : ['open', event.state];
    const found = states.get(event.id) ?? [];
    if (found.join() !== expected.join())
      throw new Error(
        `[O1] ${topic}: ${event.id} is ${found.join()} in the log, instead of ${expected.join()}`,
      );
  }
  if (notes.join() !== reference.notesOf(topic).join())
    throw new Error(`[D1] ${topic}: notes ${notes.join()} instead of ${reference.notesOf(topic).join()}`);
  const places = records.map(({ cursor }) => cursor);
  const counted = records.map((_, index) => formatCursor({ epoch, seq: index + 1 }));
  if (places.join() !== counted.join()) throw new Error(`[D1] ${topic}: ${places.join()}`);
}

function checkSettlement(cursor: string, told: ToldEvent, event: RefEvent): void {
  const { settledAt, settledBy, answer, reason } = event;
  const is = { data: told.data, by: told.by, answer: told.answer, reason: told.open?.reason };
  // A text is its writer's, whoever settled it.
  const by = event.type === 'reply' ? event.by : settledBy;
  const should = { data: dataOf(event), by, answer, reason };
  if (JSON.stringify(is) !== JSON.stringify(should))
    throw new Error(`[O1] ${cursor} is ${JSON.stringify(is)} instead of ${JSON.stringify(should)}`);
  if (settledAt !== undefined && settledAt !== cursor)
    throw new Error(`[O1] ${event.id} was settled at ${cursor}, answered ${settledAt}`);
}
