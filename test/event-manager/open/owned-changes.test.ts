import { expect, test } from 'vitest';
import { type Change, OwnedChanges } from '../../../server/event-manager/open/owned-changes.ts';
import { FakeClock } from '../../simulation/fake-clock.ts';

const owner = { id: 'note-1', key: 'k', by: undefined };

test('an owner whose changes were all sent is forgotten, also where the event is settled right after', async () => {
  const clock = new FakeClock();
  const send = async (_topic: string, _owner: object, changes: readonly Change<string, string>[]) => {
    for (const { value, resolve } of changes) resolve(value);
  };
  const changes = new OwnedChanges<string, string>(clock, 100, send);
  expect(await changes.add('t', owner, 'a', 1)).toBe('a');
  expect(changes.size).toBe(1);
  await clock.advance(1000);
  expect(changes.size).toBe(0); // by its time
  await changes.add('t', owner, 'b', 1);
  await changes.flush('t', owner); // as a settlement does, within that time
  expect(changes.size).toBe(0);
  await changes.add('t', owner, 'c', 1);
  const later = changes.add('t', owner, 'd', 1);
  await changes.flush('t', owner);
  expect(await later).toBe('d');
  await clock.advance(1000);
  expect(changes.size).toBe(0);
});
