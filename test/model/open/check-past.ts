import type { Logged, ToldEvent, TopicLog } from './log-records.ts';
import type { OpenNode } from './open-nodes.ts';
import { dataOf, type RefEvent, type ReferenceOpen } from './reference.ts';

/**
 * Reads a topic's past and its open set, and holds them against the log and the reference.
 * @throws Error [O7] of history, [O3] of the set
 */
export async function checkPast(
  node: OpenNode,
  topic: string,
  { epoch, records }: TopicLog,
  reference: ReferenceOpen,
  limit: number,
): Promise<void> {
  const open = reference.open(topic);
  const now = new Map(open.map((event) => [event.id, event]));
  for (const openings of [false, true]) {
    const found: string[] = [];
    for (let since = `${epoch}:0`, atEnd = false; !atEnd; ) {
      const page = await node.history({ topic, since, limit, openings });
      for (const { cursor, event } of page.items) found.push(shown(cursor, event as ToldEvent));
      if (page.gaps.length > 0) throw new Error(`[D4] history: ${JSON.stringify(page.gaps)}`);
      since = page.next;
      atEnd = page.atEnd;
    }
    const expected = records
      .filter(({ event }) => openings || event.open?.state !== 'open' || now.has(event.open.id))
      .map((record) => asItIs(record, now));
    differ(`[O7] history${openings ? ' with openings' : ''}`, found, expected);
  }
  const { items } = await node.openEvents({ topic });
  const inSet = items.map(({ cursor, event }) => shown(cursor, event as ToldEvent)).sort();
  differ('[O3] the open set', inSet, open.map(setForm).sort());
}

function differ(what: string, found: readonly string[], expected: readonly string[]): void {
  if (found.join('\n') === expected.join('\n')) return;
  throw new Error(`${what}:\n${found.join('\n')}\ninstead of\n${expected.join('\n')}`);
}

function shown(cursor: string, { event_type, data, open, by, answer }: ToldEvent): string {
  return `${cursor} ${event_type} ${open?.id} ${open?.state} ${JSON.stringify([data, by, answer])}`;
}

function asItIs({ cursor, event }: Logged, now: ReadonlyMap<string, RefEvent>): string {
  const known = event.open?.state === 'open' ? now.get(event.open.id) : undefined;
  return shown(cursor, known ? { ...event, data: dataOf(known) } : event);
}

function setForm(event: RefEvent): string {
  const { id, type, by, begun } = event;
  return `${begun} ${type} ${id} open ${JSON.stringify([dataOf(event), by, undefined])}`;
}
