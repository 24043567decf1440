import { numbered, type Scenario, same } from '../scenario.ts';

/** Scenarios of subscriptions while nothing goes wrong. */
export const streams: readonly Scenario[] = [
  {
    name: '[D5] stream_synced is the first item of an idle topic',
    async run(scene) {
      const { syncs, gaps } = await scene.follow();
      same('recovered', syncs[0]?.['recovered'], true);
      same('Gaps', gaps, []);
    },
  },
  {
    name: '[D4] live events arrive in order, each once',
    async run(scene) {
      const subscriber = await scene.follow();
      const texts = numbered('a', 300);
      await scene.put(texts);
      await subscriber.notes(texts.length);
      same('The notes', subscriber.texts, texts);
    },
  },
  {
    name: '[D7] since: the last n, then stream_synced, then live, without a hole',
    async run(scene) {
      await scene.put(['a', 'b', 'c']);
      const subscriber = await scene.follow({ since: { last: 2 } });
      await scene.put(['d']);
      await subscriber.notes(3);
      same('The items', subscriber.items.map(kindOf), ['b', 'c', 'stream_synced', 'd']);
    },
  },
  {
    name: '[D4] since: exactly after a cursor',
    async run(scene) {
      const { cursor } = await scene.stage.manager.publish('note', { text: 'a' }, { topic: 't' });
      await scene.put(['b', 'c']);
      const subscriber = await scene.follow({ since: cursor });
      same('The notes', subscriber.texts, ['b', 'c']);
    },
  },
  {
    name: '[D4] since: from a time on',
    async run(scene) {
      await scene.put(['a']);
      const before = Date.now();
      await scene.until('the clock to move on', () => Date.now() > before + 1);
      const at = new Date().toISOString();
      await scene.put(['b']);
      const subscriber = await scene.follow({ since: { at } });
      same('The notes', subscriber.texts, ['b']);
    },
  },
  {
    name: '[D8] types: those that were named, and no others',
    async run(scene) {
      const subscriber = await scene.follow({ type: 'any', types: ['note'] });
      await scene.stage.manager.publish('dream', { at: new Date(0), sheep: 1n }, { topic: 't' });
      await scene.put(['a']);
      await subscriber.notes(1);
      same('The items', subscriber.items.map(kindOf), ['stream_synced', 'a']);
    },
  },
  {
    name: '[D8] filter: of what is in the log, and live',
    async run(scene) {
      await scene.put(['yes 1', 'no 1']);
      const filter = { text: { prefix: 'yes' } };
      const subscriber = await scene.follow({ since: { last: 10 }, filter });
      await scene.put(['no 2', 'yes 2']);
      await subscriber.notes(2);
      same('The notes', subscriber.texts, ['yes 1', 'yes 2']);
      same('Gaps', subscriber.gaps, []);
    },
  },
  {
    name: '[D4] topics: by name and by pattern, each item with its own; one that appears later too',
    async run(scene) {
      await scene.put(['before'], 'run-1');
      const subscriber = await scene.follow({ topics: ['run-*', 'news'] });
      await scene.put(['a'], 'run-1');
      await scene.put(['b'], 'news');
      await scene.put(['c'], 'run-2');
      await scene.put(['no'], 'other');
      await scene.put(['d'], 'run-1');
      await subscriber.notes(4);
      const told = subscriber.items.flatMap(({ event_type, topic, data }) =>
        event_type === 'note' ? [`${topic} ${data['text']}`] : [],
      );
      same('The notes', told.toSorted(), ['news b', 'run-1 a', 'run-1 d', 'run-2 c']);
    },
  },
  {
    name: '[D4] every: the latest of an interval, and a gap that counts the others',
    async run(scene) {
      const subscriber = await scene.follow({ every: 300 });
      await scene.put(['a']);
      await subscriber.notes(1);
      await scene.stage.manager.publishBatch(
        ['b', 'c', 'd'].map((text) => ({ event_type: 'note', data: { text } })),
        { topic: 't' },
      );
      await subscriber.until('d', () => subscriber.texts.includes('d'));
      same('The notes', subscriber.texts, ['a', 'd']);
      same('The gap', subscriber.gaps.map(lostOf), [{ lost: 2, reason: 'conflated' }]);
    },
  },
  {
    name: '[D4] a record that is no event is told as a gap in its place',
    async run(scene) {
      const subscriber = await scene.follow();
      await scene.put(['a']);
      await scene.stage.spoil('t');
      await scene.put(['b']);
      await subscriber.notes(2);
      same('The items', subscriber.items.map(kindOf), ['stream_synced', 'a', 'stream_gap', 'b']);
      same('The gap', subscriber.gaps.map(lostOf), [{ lost: 1, reason: 'dropped' }]);
    },
  },
  {
    name: 'two subscriptions of one connection do not mix, and one that was ended is told no more',
    async run(scene) {
      const first = await scene.follow();
      const second = await scene.subscribe({ topic: 'other' });
      await second.synced();
      await scene.put(['a']);
      await first.notes(1);
      await scene.unsubscribe(first);
      await scene.put(['b']);
      await scene.put(['c'], 'other');
      await second.notes(1);
      same('The first one', first.texts, ['a']);
      same('The second one', second.texts, ['c']);
    },
  },
  {
    name: 'dates and bigints are read: told as an ISO text and as digits',
    needs: ['superjson'],
    async run(scene) {
      const subscriber = await scene.follow({ type: 'dream' });
      const dream = { at: new Date('2026-01-02T03:04:05.678Z'), sheep: 2n ** 60n };
      await scene.stage.manager.publish('dream', dream, { topic: 't' });
      await subscriber.until('a dream', () => subscriber.items.length > 1);
      const expected = { at: '2026-01-02T03:04:05.678Z', sheep: `${2n ** 60n}` };
      same('The data', subscriber.items[1]?.data, expected);
    },
  },
  {
    name: 'history: the latest page, and the one before it',
    needs: ['history'],
    async run(scene) {
      await scene.connect();
      await scene.put(['a', 'b', 'c']);
      const latest = page(await scene.history({ topic: 't', limit: 2 }));
      same('The latest page', latest.texts, ['b', 'c']);
      const before = page(await scene.history({ topic: 't', limit: 2, before: latest.previous }));
      same('The page before', before, { texts: ['a'], previous: null });
    },
  },
];

/** The text of a note; of any other item its type. */
function kindOf({ event_type, data }: { event_type: string; data: Record<string, unknown> }): unknown {
  return event_type === 'note' ? data['text'] : event_type;
}

function lostOf({ lost, reason }: Record<string, unknown>): object {
  return { lost, reason };
}

function page(answer: unknown): { texts: unknown[]; previous: unknown } {
  const { items = [], previous } = answer as {
    items?: { event: { data: { text: unknown } } }[];
    previous?: unknown;
  };
  return { texts: items.map(({ event }) => event.data.text), previous };
}
