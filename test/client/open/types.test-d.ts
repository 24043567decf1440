import { expectTypeOf, test } from 'vitest';
import { createClient, createPublisher, type Membership } from '../../../client/index.ts';
import { createPsycheEvents } from '../../../client/react/index.ts';
import { type createAppRouter, EventManager, MemoryBroker } from '../../../server/index.ts';
import type { Answered, GrowingHandle } from '../../../shared/index.ts';
import { type OpenCatalog, openCatalog } from '../../open/catalog.ts';

const client = createClient({ catalog: openCatalog });
type Own = ReturnType<typeof createAppRouter<OpenCatalog>>;
const mounted = createClient<Own>({ url: '' });

test('begin is for what grows, ask and answer for questions, join for presences', () => {
  expectTypeOf(client.begin('reply', { agent_id: 'a', text: '' })).resolves.toEqualTypeOf<GrowingHandle>();
  expectTypeOf(client.ask('approval', { tool: 'x' }, { key: 'k', timeoutMs: 1 })).resolves.toEqualTypeOf<
    Answered<{ allow: boolean }>
  >();
  expectTypeOf(client.answer('approval', 'id', { allow: true })).resolves.toEqualTypeOf<{ cursor: string }>();
  expectTypeOf(client.join('viewer', { name: 'Ada' }, { topic: 'a' })).resolves.toEqualTypeOf<
    Membership<{ name: string }>
  >();
  // @ts-expect-error complete when it is published
  client.begin('note', { text: '' });
  // @ts-expect-error a question is asked
  client.begin('approval', { tool: '' });
  // @ts-expect-error a presence is joined
  client.begin('viewer', { name: '' });
  // @ts-expect-error never open
  client.begin('typing', { who: '' });
  // @ts-expect-error no question
  client.ask('reply', { agent_id: 'a', text: '' });
  // @ts-expect-error no data of the question
  client.ask('approval', { allow: true });
  // @ts-expect-error no answer to it
  client.answer('approval', 'id', { tool: '' });
  // @ts-expect-error no presence
  client.join('reply', { agent_id: 'a', text: '' });
  // @ts-expect-error never open
  client.open({ types: ['note'] });
  client.open({ types: ['reply', 'viewer'] }).then(({ items }) => {
    expectTypeOf(items[0]?.event.event_type).toEqualTypeOf<'reply' | 'viewer' | undefined>();
  });
  client.on('approval', ({ open, answer }) => {
    expectTypeOf(answer).toEqualTypeOf<{ allow: boolean } | undefined>();
    expectTypeOf(open?.id).toEqualTypeOf<string | undefined>();
  });
  client.on('viewer', () => {}, { onCount: ({ count }) => expectTypeOf(count).toEqualTypeOf<number>() });
});

test('nothing is begun where each event is complete', () => {
  // @ts-expect-error the simulation's
  createClient().begin('agent_message', {});
});

test('a client that is typed by a router knows the kinds too', () => {
  expectTypeOf(mounted.begin('reply', { agent_id: 'a', text: '' })).resolves.toEqualTypeOf<GrowingHandle>();
  expectTypeOf(mounted.ask('approval', { tool: 'x' })).resolves.toEqualTypeOf<Answered<{ allow: boolean }>>();
  mounted.join('viewer', { name: 'Ada' });
  mounted.answer('approval', 'id', { allow: true });
  // @ts-expect-error a presence is joined
  mounted.begin('viewer', { name: '' });
  // @ts-expect-error no presence
  mounted.join('reply', { agent_id: 'a', text: '' });
  // @ts-expect-error no answer to it
  mounted.answer('approval', 'id', { allow: 'yes' });
});

test('hooks know the kinds', () => {
  const { useOpen, useQuestions, usePresence } = createPsycheEvents(openCatalog);
  expectTypeOf(useOpen('reply')[0]?.data.text).toEqualTypeOf<string | undefined>();
  useQuestions('approval').answer('id', { allow: true });
  expectTypeOf(usePresence('viewer', { me: { name: 'Ada' }, topic: 'a' }).count).toEqualTypeOf<number>();
  // @ts-expect-error never open
  useOpen('note');
  // @ts-expect-error no question
  useQuestions('reply');
  // @ts-expect-error no data of it
  usePresence('viewer', { me: { nick: 'Ada' } });
});

test('publish and batches have no events that they would refuse', () => {
  const publisher = createPublisher({ url: '', catalog: openCatalog });
  const { usePublish } = createPsycheEvents(openCatalog);
  const manager = new EventManager({ catalog: openCatalog, broker: new MemoryBroker() });
  for (const one of [client, publisher, mounted]) {
    one.publish('note', { text: '' });
    one.publish('reply', { agent_id: 'a', text: '' });
    one.publish('typing', { who: '' });
    one.publishBatch([{ event_type: 'reply', data: { agent_id: 'a', text: '' } }]);
  }
  // @ts-expect-error it is asked
  client.publish('approval', { tool: '' });
  // @ts-expect-error it is joined
  client.publish('viewer', { name: '' });
  // @ts-expect-error it is asked
  mounted.publish('approval', { tool: '' });
  // @ts-expect-error it is asked
  publisher.publish('approval', { tool: '' });
  // @ts-expect-error it is asked
  manager.publish('approval', { tool: '' });
  // @ts-expect-error it is asked
  usePublish('approval');
  // @ts-expect-error it is asked
  client.publishBatch([{ event_type: 'approval', data: { tool: '' } }]);
  // @ts-expect-error no log stores it
  publisher.publishBatch([{ event_type: 'typing', data: { who: '' } }]);
  // A question that is copied with its settlement is a record.
  manager.publishBatch([{ event_type: 'approval', data: { tool: '' } }], { settled: [undefined] });
});

test('a handle has what the owner of its kind may do', async () => {
  const manager = new EventManager({ catalog: openCatalog, broker: new MemoryBroker() });
  const reply = await client.begin('reply', { agent_id: 'a', text: '' });
  // @ts-expect-error its text grows
  reply.update({ agent_id: 'a', text: '' });
  // @ts-expect-error it is done, or aborted
  reply.settle('answered');
  expectTypeOf(await manager.begin('reply', { agent_id: 'a', text: '' })).toEqualTypeOf<GrowingHandle>();
  const approval = await manager.begin('approval', { tool: '' });
  approval.settle('withdrawn');
  // @ts-expect-error whoever answers settles it so
  approval.settle('answered');
  // @ts-expect-error it has no text
  approval.append('');
  const viewer = await manager.join('viewer', { name: '' });
  viewer.update({ name: 'Ada' });
  // @ts-expect-error a member leaves
  viewer.done();
});

test('the state of an event is one of its kind', () => {
  client.on('reply', ({ open }) =>
    expectTypeOf(open?.state).toEqualTypeOf<'open' | 'done' | 'aborted' | 'lost' | undefined>(),
  );
  client.on('note', ({ open }) => expectTypeOf(open).toEqualTypeOf<undefined>());
  client.on('any', (event) => {
    // @ts-expect-error a question is answered
    if (event.event_type === 'approval') return event.open?.state === 'done';
    return event.open?.state === 'done';
  });
  const { useQuestions } = createPsycheEvents(openCatalog);
  expectTypeOf(useQuestions('approval').open[0]?.open?.kind).toEqualTypeOf<'question' | undefined>();
});
