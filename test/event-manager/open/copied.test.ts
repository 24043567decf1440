import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager } from '../../../server/index.ts';
import type { OpenPart } from '../../../shared/index.ts';
import { type BrokerFixture, brokerKinds } from '../../broker/contract/fixtures.ts';
import { catalog, collect, type Events, shorts } from './world.ts';

const answered: OpenPart = { id: 'approval.1', kind: 'question', state: 'answered' };
const done: OpenPart = { id: 'reply.1', kind: 'growing', state: 'done', field: 'text' };

describe.each(brokerKinds)('settlements that are copied from another log: $name', ({ open }) => {
  let log: BrokerFixture;
  let manager: EventManager<Events>;
  beforeEach(async () => {
    log = await open();
    manager = new EventManager({ catalog, broker: log.broker });
  });
  afterEach(() => log[Symbol.asyncDispose]());

  /** A batch of two copies of an event, of which the second was settled so. */
  const copies = (event_type: 'reply' | 'approval', data: object, open: OpenPart, answer?: unknown) =>
    manager.publishBatch([{ event_type: 'note', data: { text: 'a' } }, { event_type, data } as never], {
      by: [undefined, 'ada'],
      settled: [undefined, { open, answer }],
    });

  test('are records as they were, which every node delivers and history shows; nothing is open', async () => {
    const other = new EventManager({ catalog, broker: log.another() });
    using there = collect(other);
    await there.count(1); // synced
    await copies('approval', { tool: 'deploy' }, answered, { allow: true });
    await copies('reply', { agent_id: 'a', text: 'whole' }, done);
    await there.count(5);
    expect(shorts(there.items).filter((item) => /^(approval|reply)/.test(item))).toHaveLength(2);
    const { items } = await other.history();
    const whole = items.map(({ event }) => event).filter(({ event_type }) => event_type !== 'note');
    expect(whole).toMatchObject([
      { data: { tool: 'deploy' }, by: 'ada', open: answered, answer: { allow: true } },
      { data: { text: 'whole' }, by: 'ada', open: done },
    ]);
    expect((await other.openEvents()).items).toEqual([]);
    await expect(manager.answer('approval', answered.id, { allow: false })).rejects.toMatchObject({
      code: 'NOT_OPEN',
    });
    const again = await copies('reply', { agent_id: 'a', text: 'whole' }, done);
    expect(again.map(({ duplicate }) => duplicate)).toEqual([false, true]);
    expect(await manager.erase({ filter: { tool: 'deploy' }, types: ['approval'] })).toEqual({ erased: 1 });
  });

  test.each<[name: string, open: OpenPart, answer: unknown, why: string]>([
    ['still open', { ...answered, state: 'open' }, undefined, 'the event is still open: begin it'],
    ['of another kind', { ...answered, kind: 'growing' }, undefined, 'open.kind is not question'],
    ['in a state of another kind', { ...answered, state: 'done' }, undefined, 'open.state is none of'],
    ['without an id', { ...answered, id: '' }, undefined, 'open.id is no text'],
    [
      'for a reason that is too long',
      { ...answered, reason: 'x'.repeat(1001) },
      { allow: true },
      'longer than',
    ],
    ['answered without an answer', answered, undefined, 'has an answer if, and only if'],
    [
      'expired with an answer',
      { ...answered, state: 'expired' },
      { allow: true },
      'has an answer if, and only',
    ],
    ['answered in another way than its schema has', answered, { allow: 1 }, 'allow'],
  ])('are refused with the whole batch: %s', async (_name, open, answer, why) => {
    const refused = copies('approval', { tool: 'deploy' }, open, answer);
    const message = expect.stringMatching(
      new RegExp(`Nothing of the batch was stored\\. events\\.1: .*${why}`),
    );
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_EVENT', message });
    expect((await manager.history()).items).toEqual([]);
  });
});
