import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Broker, Gap, LogRecord, TailSink } from '../../../server/broker/broker.ts';
import type {
  NewOpenEvent,
  OpenChange,
  OpenEvent,
  OpenEvents,
  OpenSet,
  OpenSink,
  Owner,
  Settling,
} from '../../../server/broker/open/open-events.ts';
import type { Position } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';
import type { BegunKind, SettledState } from '../../../shared/open/open-part.ts';
import type { BrokerFixture } from '../contract/fixtures.ts';

export const topic = 'run-1';
/** Open events of a topic, where a test says nothing else. */
export const MOST = 1000;
/** A lease that nothing in a test outlives. */
export const LONG_MS = 600_000;
/** A lease that is over soon, where time goes on by itself. */
export const SHORT_MS = 200;

/** The open sets of a broker that has them. */
export function openOf(broker: Broker): OpenEvents {
  if (!broker.open) throw new Error('the broker has no open sets');
  return broker.open;
}

/** An entry with an `open` part. */
export function openEntry(
  id: string,
  kind: BegunKind,
  state: SettledState | 'open',
  data: unknown,
  more: object = {},
): LogEntry {
  const types = { growing: 'reply', question: 'approval', presence: 'viewer' };
  const open = kind === 'growing' ? { id, kind, state, field: 'text' } : { id, kind, state };
  const envelope = { event_type: types[kind], timestamp: '2026-01-01T00:00:00.000Z', data, open, ...more };
  const name = state === 'open' ? id : `${id}.settled`;
  return { type: types[kind], id: name, json: JSON.stringify(envelope) };
}

type Wanted = Partial<Pick<NewOpenEvent, 'id' | 'key' | 'by' | 'leaseMs'>>;

function newEvent(kind: BegunKind, data: unknown, wanted: Wanted): NewOpenEvent {
  const { id = randomUUID(), key = randomUUID(), by, leaseMs = LONG_MS } = wanted;
  return { id, key, by, kind, leaseMs, entry: openEntry(id, kind, 'open', data) };
}

/** A reply that grows from a text on. */
export function reply(text = '', wanted: Wanted = {}): NewOpenEvent {
  return { ...newEvent('growing', { agent_id: 'shadow', text }, wanted), grows: { field: 'text', text } };
}

export function approval(tool = 'deploy', wanted: Wanted = {}): NewOpenEvent {
  return newEvent('question', { tool }, wanted);
}

export function viewer(name = 'Ada', wanted: Wanted = {}): NewOpenEvent {
  return newEvent('presence', { name }, wanted);
}

/** An event that is delivered and not stored. */
export function typing(who: string): LogEntry {
  const envelope = { event_type: 'typing', timestamp: '2026-01-01T00:00:00.000Z', data: { who } };
  return { type: 'typing', id: randomUUID(), json: JSON.stringify(envelope) };
}

export function ownerOf({ id, key, by }: NewOpenEvent): Owner {
  return { id, key, by };
}

/** Settling of an event by its owner, with its record if its kind has one. */
export function settling(event: NewOpenEvent, state: SettledState, more: Partial<Settling> = {}): Settling {
  const { id, key, by, kind } = event;
  const as = more.as ?? { key, by };
  if (kind === 'presence') return { id, state, ...more, as };
  const entry = openEntry(id, kind, state, { whole: true });
  return { id, state, entry, by, ...more, as };
}

/** An event, as another process finds it open. */
export async function look(log: BrokerFixture, id: string, where = topic): Promise<OpenEvent> {
  const found = await openOf(log.another()).find(where, id);
  if ('state' in found) throw new Error(`settled: ${found.state}`);
  return found;
}

/** Begins an event, which is open then. */
export async function begin(log: BrokerFixture, event: NewOpenEvent, where = topic): Promise<OpenEvent> {
  const begun = await openOf(log.broker).begin(where, event, MOST);
  expect(begun).toMatchObject({ id: event.id, resumed: false });
  return look(log, event.id, where);
}

/** An error with a code. */
export const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

type Call =
  | { start: Position }
  | { record: LogRecord }
  | { gap: Gap }
  | { set: OpenSet }
  | { change: OpenChange }
  | { ephemeral: LogEntry; at: Position };

/** Writes down what a tail calls that takes the open set too. */
export class OpenRecordingSink implements TailSink {
  readonly calls: Call[] = [];
  readonly open: OpenSink = {
    set: (set) => void this.calls.push({ set }),
    change: (change) => void this.calls.push({ change }),
    ephemeral: (ephemeral, at) => void this.calls.push({ ephemeral, at }),
  };

  start(start: Position): void {
    this.calls.push({ start });
  }

  records(records: readonly LogRecord[]): void {
    for (const record of records) this.calls.push({ record });
  }

  gap(gap: Gap): void {
    this.calls.push({ gap });
  }

  get changes(): OpenChange[] {
    return this.calls.flatMap((call) => ('change' in call ? [call.change] : []));
  }

  get sets(): OpenSet[] {
    return this.calls.flatMap((call) => ('set' in call ? [call.set] : []));
  }

  /** Calls after the first set, each as a word: `r3` record 3, `begun@3`, `set@3`, `ephemeral@3`. */
  get order(): string[] {
    const words = this.calls.map((call) => {
      if ('record' in call) return `r${call.record.seq}`;
      if ('change' in call) return `${call.change.kind}@${call.change.at.seq}`;
      if ('ephemeral' in call) return `ephemeral@${call.at.seq}`;
      if ('set' in call) return `set@${call.set.at.seq}`;
      return 'start' in call ? 'start' : 'gap';
    });
    return words.slice(words.findIndex((word) => word.startsWith('set')) + 1);
  }

  /** The set as it is by all that was told: the last set, and the changes that follow on it. */
  mirror(): OpenSet {
    let mirror: OpenSet | undefined;
    for (const call of this.calls) {
      if ('set' in call) mirror = call.set;
      if ('change' in call) mirror = changed(mirror, call.change);
    }
    if (!mirror) throw new Error('no set was told');
    return mirror;
  }

  /** One start, then a set before any change; contiguous revisions; each change once the records up to it were told. */
  expectInOrder(): void {
    expect(this.calls[0]).toHaveProperty('start');
    let end: Position | undefined;
    for (const call of this.calls) {
      if ('start' in call) end = call.start;
      if ('record' in call) end = { epoch: call.record.epoch, seq: call.record.seq };
      if ('gap' in call) end = call.gap.to;
      if ('change' in call) expect(call.change.at).toEqual(end);
      if ('ephemeral' in call) expect(call.at).toEqual(end);
    }
    this.mirror();
  }
}

/** A set after a change. Fails if the change does not follow on it. */
function changed(set: OpenSet | undefined, change: OpenChange): OpenSet {
  if (!set) throw new Error('a change was told before the set');
  expect(change.rev).toBe(set.rev + 1);
  expect(change.at.epoch).toBe(set.at.epoch);
  const { rev, at } = change;
  const head = { at, rev };
  if (change.kind === 'begun') {
    expect(change.event.rev).toBe(rev);
    return { ...head, events: [...set.events, change.event] };
  }
  const former = set.events.find(({ id }) => id === change.id);
  if (!former) throw new Error(`${change.kind}: ${change.id} was not open`);
  if (change.kind === 'settled') return { ...head, events: set.events.filter((event) => event !== former) };
  if (change.kind === 'appended') expect(change.offset).toBe(former.grows?.text.length);
  const now =
    change.kind === 'replaced'
      ? { ...former, rev, entry: change.entry }
      : { ...former, rev, grows: { field: 'text', text: `${former.grows?.text}${change.text}` } };
  return { ...head, events: set.events.map((event) => (event === former ? now : event)) };
}

/** A set that can be compared: in the order of ids, without times that renewals move. */
export function comparable({ at, rev, events }: OpenSet) {
  const timeless = events.map(({ until: _, ...event }) => event);
  return { at, rev, events: timeless.toSorted((a, b) => a.id.localeCompare(b.id)) };
}
