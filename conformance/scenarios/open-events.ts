import { numbered, type Scenario, same } from '../scenario.ts';
import type { Subscriber } from '../scene.ts';
import { floodWhileHeld } from './slow.ts';

const needs = ['open-events'] as const;
const topic = 't';

/** Scenarios of following events that are not finished. */
export const openEvents: readonly Scenario[] = [
  {
    name: '[O2] a text that grows is told whole after each change, in order with the records around it',
    needs,
    async run(scene) {
      const subscriber = await scene.follow({ type: 'any' });
      const reply = await scene.stage.manager.begin('reply', { text: '' }, { topic });
      for (const piece of ['It ', 'grows, ', 'and grows.']) {
        await reply.append(piece);
        await scene.put([piece]);
      }
      await reply.done();
      await subscriber.told(reply.id, 'done');
      grown(subscriber, reply.id, 'It grows, and grows.');
      const told = subscriber.items.map(({ event_type, data }) => `${event_type} ${data['text']}`);
      const texts = ['It ', 'It grows, ', 'It grows, and grows.'];
      const order = texts.flatMap((text, at) => [
        told.indexOf(`reply ${text}`),
        told.indexOf(`note ${['It ', 'grows, ', 'and grows.'][at]}`),
      ]);
      same(
        'The places of growths and notes',
        order,
        order.toSorted((a, b) => a - b),
      );
      same('Each of them was told', order.includes(-1), false);
    },
  },
  {
    name: '[O3] who joins late is told an open event as it is, before stream_synced',
    needs,
    async run(scene) {
      const reply = await scene.stage.manager.begin('reply', { text: 'I was ' }, { topic });
      await reply.append('here ');
      await reply.append('before you.');
      const subscriber = await scene.follow({ type: 'any' });
      const synced = subscriber.items.findIndex(({ event_type }) => event_type === 'stream_synced');
      const before = subscriber.items.slice(0, synced).map(({ data }) => data['text']);
      same('The texts before stream_synced', before, ['I was here before you.']);
      await reply.append(' Listen.');
      await reply.done();
      await subscriber.told(reply.id, 'done');
      grown(subscriber, reply.id, 'I was here before you. Listen.');
    },
  },
  {
    name: '[O3] after a lost connection an open event is told as it is, and grows on',
    needs,
    async run(scene) {
      const subscriber = await scene.follow({ type: 'any' });
      const reply = await scene.stage.manager.begin('reply', { text: '' }, { topic });
      await reply.append('one ');
      await subscriber.told(reply.id, 'open', { text: 'one ' });
      scene.stage.proxy.refuse();
      await reply.append('two ');
      scene.stage.proxy.pass();
      await subscriber.told(reply.id, 'open', { text: 'one two ' });
      await reply.append('three');
      await reply.done();
      await subscriber.told(reply.id, 'done');
      grown(subscriber, reply.id, 'one two three');
    },
  },
  {
    name: '[O1] a settlement while the client is away is told once',
    needs,
    async run(scene) {
      const subscriber = await scene.follow({ type: 'any' });
      const reply = await scene.stage.manager.begin('reply', { text: '' }, { topic });
      await reply.append('half');
      await subscriber.told(reply.id, 'open', { text: 'half' });
      scene.stage.proxy.refuse();
      await reply.append(' and whole');
      await reply.done();
      scene.stage.proxy.pass();
      await subscriber.synced(2);
      await scene.put(['after']);
      await subscriber.notes(1);
      grown(subscriber, reply.id, 'half and whole');
    },
  },
  {
    name: '[O6] who was slow is told an open event as it is, and grows on',
    needs,
    async run(scene) {
      const subscriber = await scene.follow({ type: 'any', whenSlow: 'refill' });
      const reply = await scene.stage.manager.begin('reply', { text: '' }, { topic });
      await reply.append('before ');
      await subscriber.told(reply.id, 'open', { text: 'before ' });
      const texts = await floodWhileHeld(scene, () => reply.append('meanwhile '));
      await subscriber.notes(texts.length);
      await subscriber.told(reply.id, 'open', { text: 'before meanwhile ' });
      await reply.append('after');
      await reply.done();
      await subscriber.told(reply.id, 'done');
      grown(subscriber, reply.id, 'before meanwhile after');
    },
  },
  {
    name: '[O1] a question is told while it is open, and once with its answer',
    needs,
    async run(scene) {
      const { manager } = scene.stage;
      const subscriber = await scene.follow({ type: 'any' });
      const { id } = await manager.begin('approval', { tool: 'deploy' }, { topic });
      await subscriber.told(id, 'open', { tool: 'deploy' });
      await manager.answer('approval', id, { allow: true }, { topic });
      await scene.put(['after']);
      await subscriber.notes(1);
      const told = subscriber.states(id).map(({ open, answer }) => [open?.state, answer]);
      same('The states', told, [
        ['open', undefined],
        ['answered', { allow: true }],
      ]);
    },
  },
  {
    name: '[O8] a member is told with the data that it has, until it leaves or is lost',
    needs,
    async run(scene) {
      const { manager } = scene.stage;
      const subscriber = await scene.follow({ type: 'any' });
      const ada = await manager.join('viewer', { name: 'Ada' }, { topic });
      await subscriber.told(ada.id, 'open', { name: 'Ada' });
      await ada.update({ name: 'Ada Lovelace' });
      await subscriber.told(ada.id, 'open', { name: 'Ada Lovelace' });
      await ada.close();
      await subscriber.told(ada.id, 'left', { name: 'Ada Lovelace' });
      // Nobody renews its lease.
      const { id } = await manager.opens.begin('viewer', { name: 'Bea' }, { topic, leaseMs: 1000 });
      await subscriber.told(id, 'lost', { name: 'Bea' });
    },
  },
  {
    name: '[O3] what is not told again before stream_synced is lost',
    needs,
    async run(scene) {
      const { manager } = scene.stage;
      const subscriber = await scene.follow({ type: 'any' });
      const ada = await manager.join('viewer', { name: 'Ada' }, { topic });
      const bea = await manager.join('viewer', { name: 'Bea' }, { topic });
      await subscriber.told(ada.id, 'open');
      await subscriber.told(bea.id, 'open');
      scene.stage.proxy.refuse();
      await ada.close();
      scene.stage.proxy.pass();
      await subscriber.synced(2);
      await subscriber.told(ada.id, 'lost');
      await bea.close();
      await subscriber.told(bea.id, 'left');
    },
  },
  {
    name: '[O10] with the log its open events are lost',
    needs,
    async run(scene) {
      const subscriber = await scene.follow({ type: 'any' });
      const reply = await scene.stage.manager.begin('reply', { text: 'gone' }, { topic });
      await scene.put(numbered('a', 3));
      await subscriber.notes(3);
      await scene.stage.loseLog();
      await subscriber.told(reply.id, 'lost', { text: 'gone' });
      same(
        'The gap',
        subscriber.gaps.map(({ reason }) => reason),
        ['epoch_changed'],
      );
    },
  },
];

/** @throws Error unless a text was told as the beginning of what it became, again and again, and settled once with all of it */
function grown(subscriber: Subscriber, id: string, whole: string): void {
  const told = subscriber.states(id);
  const texts = told.map(({ data }) => String(data['text']));
  const wrong = texts.filter(
    (text, at) => !whole.startsWith(text) || text.length < (texts[at - 1] ?? '').length,
  );
  same('Texts that are not the beginning of the whole one, or are shorter than before', wrong, []);
  const settled = told.filter(({ open }) => open?.state !== 'open');
  same(
    'The settlements',
    settled.map(({ open, data }) => [open?.state, data['text']]),
    [['done', whole]],
  );
  same('The settlement is the last that was told', told.at(-1), settled[0]);
}
