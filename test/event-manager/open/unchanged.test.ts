import { expect, test, vi } from 'vitest';
import type { OpenEvent } from '../../../server/broker/open/open-events.ts';
import { OpenMirror } from '../../../server/event-manager/hubs/open/open-mirror.ts';
import { type KnownOpen, tellOpen } from '../../../server/event-manager/hubs/open/open-view.ts';
import { openSetsOf, TopicOpen } from '../../../server/event-manager/reading/topic-open.ts';
import type { OpenState } from '../../../server/event-manager/records/open-state.ts';
import type { StreamRecord } from '../../../server/event-manager/records/stream-record.ts';
import { MemoryBroker } from '../../../server/index.ts';
import { formatCursor } from '../../../shared/cursor.ts';
import { catalog, entryOf } from './world.ts';

const place = (seq: number) => ({ epoch: 'e', seq, cursor: formatCursor({ epoch: 'e', seq }) });
const note = (seq: number): StreamRecord => ({ ...place(seq), ...entryOf('note', { text: 'x' }) });

/** A mirror of a topic in which one text grows, and readers of it. */
function mirrored() {
  const sets = openSetsOf(catalog, new MemoryBroker());
  if (!sets) throw new Error('the catalog has open kinds');
  const open = new TopicOpen('default', sets, (record) => ({ ...record, cursor: formatCursor(record) }));
  const mirror = new OpenMirror(
    open,
    () => {},
    () => {},
  );
  const part = { open: { id: 'r', kind: 'growing', state: 'open', field: 'text' } };
  const reply: OpenEvent = {
    ...{ id: 'r', by: undefined, kind: 'growing', rev: 1, until: 0, cursor: place(1).cursor },
    ...{ entry: entryOf('reply', { agent_id: 'a', text: '' }, part), grows: { field: 'text', text: '' } },
  };
  mirror.items([{ step: 'set', json: '', set: { at: place(1), rev: 1, events: [reply] } }], place(1));
  const reader = { wants: () => true, matches: () => true, narrows: false, allMembers: false };
  const listener = { reader, subject: undefined, over: new Set<string>() };
  /** Number of items for who comes back with some knowledge. */
  const back = (known: KnownOpen, seq: number) =>
    [...mirror.tell(known, listener, place(seq))].flatMap(({ items }) => items).length;
  return { mirror, listener, back };
}

test.each([false, true])(
  '[O6] records that change no open event make no other knowledge of them, any change does; before it: %o',
  (before) => {
    const { mirror, back } = mirrored();
    mirror.items([note(2)], place(1));
    const known = mirror.known(before);
    mirror.items([note(3), note(4)], place(2));
    expect(mirror.known(false)).toBe(known); // so whoever has it is told nothing, and nothing is looked through
    expect(back(known, 4)).toBe(0);
    const change = { kind: 'appended', id: 'r', offset: 0, text: 'a', at: place(4), rev: 2 } as const;
    mirror.items([{ step: 'change', json: '', change }], place(4));
    expect(back(known, 4)).toBe(1);
    expect(back(mirror.known(true), 4)).toBe(1);
    const now = mirror.known(false);
    expect(back(now, 4)).toBe(0);
    const end = { open: { id: 'r', kind: 'growing', state: 'done' } };
    const settlement = { ...place(5), ...entryOf('reply', { agent_id: 'a', text: 'a' }, end) };
    mirror.items([settlement], place(4));
    expect(back(now, 5)).toBe(1);
    expect(back(mirror.known(true), 5)).toBe(1);
    expect(back(mirror.known(false), 5)).toBe(0);
  },
);

test('[O6] for a reader who knows the set as it is, it is not looked through', () => {
  const { listener } = mirrored();
  const states = new Map<string, OpenState>();
  const walks = vi.spyOn(states, 'values');
  const known = { epoch: 'e', rev: 1, crowded: new Set<string>(), events: [] };
  const now = { states, countOf: expect.fail, known };
  expect([...tellOpen(now, known, listener, place(1))]).toEqual([]);
  expect(walks).not.toHaveBeenCalled();
  expect([...tellOpen(now, { ...known }, listener, place(1))]).toEqual([]);
  expect(walks).toHaveBeenCalledOnce();
});
