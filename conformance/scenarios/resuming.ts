import { complete, numbered, type Scenario, same } from '../scenario.ts';

/** Scenarios of connections that end, servers that stop and logs that are lost. */
export const resuming: readonly Scenario[] = [
  {
    name: '[D12] sockets that are cut lose nothing and repeat nothing',
    async run(scene) {
      const subscriber = await scene.follow();
      const texts: string[] = [];
      for (let round = 1; round <= 5; round++) {
        const more = numbered('a', 40, texts.length);
        await scene.put(more.slice(0, 20));
        await subscriber.notes(texts.length + 5);
        scene.stage.proxy.cut();
        await scene.put(more.slice(20));
        texts.push(...more);
        await subscriber.notes(texts.length);
        await subscriber.synced(round + 1);
      }
      await scene.put(['a:200']);
      await subscriber.until('the last one', () => subscriber.texts.includes('a:200'));
      complete(subscriber, [...texts, 'a:200']);
    },
  },
  {
    name: '[D5] cut before the first event, it resumes from the cursor of stream_synced',
    async run(scene) {
      const subscriber = await scene.follow();
      scene.stage.proxy.refuse();
      await scene.put(numbered('a', 3));
      scene.stage.proxy.pass();
      await subscriber.synced(2);
      complete(subscriber, numbered('a', 3));
      same('recovered', subscriber.syncs[1]?.['recovered'], true);
    },
  },
  {
    name: '[D4] what was trimmed meanwhile is a gap, and nothing before it or after it is missing',
    stage: { retention: { maxRecords: 5 } },
    async run(scene) {
      const subscriber = await scene.follow();
      await scene.put(numbered('a', 1));
      await subscriber.notes(1);
      scene.stage.proxy.refuse();
      await scene.forgotten();
      await scene.put(numbered('a', 20, 1));
      scene.stage.proxy.pass();
      await subscriber.synced(2);
      const { silent, duplicated, reordered } = subscriber.counted(numbered('a', 21));
      same(
        'What became of the events',
        { silent, duplicated, reordered },
        { silent: 0, duplicated: 0, reordered: 0 },
      );
      same(
        'The gap',
        subscriber.gaps.map(({ lost, reason }) => ({ lost, reason })),
        [{ lost: 21 - subscriber.texts.length, reason: 'trimmed' }],
      );
      same('recovered', subscriber.syncs[1]?.['recovered'], false);
    },
  },
  {
    name: '[D4] a log that was lost is a gap, and it goes on in the new one from its beginning',
    async run(scene) {
      const subscriber = await scene.follow();
      await scene.put(['a:0']);
      await subscriber.notes(1);
      scene.stage.proxy.refuse();
      await scene.stage.loseLog();
      await scene.put(['b:0', 'b:1']);
      scene.stage.proxy.pass();
      await subscriber.synced(2);
      same('The notes', subscriber.texts, ['a:0', 'b:0', 'b:1']);
      same(
        'The gap',
        subscriber.gaps.map(({ reason }) => reason),
        ['epoch_changed'],
      );
    },
  },
  {
    name: '[D12] [D13] a server that restarts (1001) loses nothing',
    async run(scene) {
      const subscriber = await scene.follow();
      await scene.put(numbered('a', 10));
      await subscriber.notes(5);
      await scene.stage.restart();
      await scene.put(numbered('a', 10, 10));
      await subscriber.notes(20);
      await subscriber.synced(2);
      complete(subscriber, numbered('a', 20));
    },
  },
  {
    name: '[D6] of several topics it resumes in each',
    async run(scene) {
      const subscriber = await scene.follow({ topics: ['x', 'y'] });
      await scene.put(numbered('x', 5), 'x');
      await scene.put(numbered('y', 5), 'y');
      await subscriber.notes(10);
      scene.stage.proxy.refuse();
      await scene.put(numbered('x', 5, 5), 'x');
      await scene.put(numbered('y', 5, 5), 'y');
      scene.stage.proxy.pass();
      await subscriber.notes(20);
      await subscriber.synced(2);
      const { silent, duplicated, reordered, gaps } = subscriber.counted([
        ...numbered('x', 10),
        ...numbered('y', 10),
      ]);
      same('What became of the events', [silent, duplicated, reordered, gaps], [0, 0, 0, 0]);
    },
  },
  {
    name: '[D8] it resumes with its filter',
    async run(scene) {
      const subscriber = await scene.follow({ filter: { text: { prefix: 'yes' } } });
      await scene.put(['yes:0', 'no:0']);
      await subscriber.notes(1);
      scene.stage.proxy.cut();
      await scene.put(['no:1', 'yes:1']);
      await subscriber.synced(2);
      await subscriber.notes(2);
      same('The notes', subscriber.texts, ['yes:0', 'yes:1']);
    },
  },
  {
    name: '[D12] asked to connect elsewhere, it is there before the old server stops, and loses nothing',
    needs: ['moves'],
    stage: { drains: true },
    async run(scene) {
      const subscriber = await scene.follow();
      await scene.put(numbered('a', 5));
      await subscriber.notes(5);
      const replaced = scene.stage.replace();
      await scene.until('a second connection', () => scene.stage.proxy.connections > 1);
      await scene.put(numbered('a', 5, 5));
      await replaced;
      await scene.put(numbered('a', 5, 10));
      await subscriber.notes(15);
      complete(subscriber, numbered('a', 15));
    },
  },
  {
    name: '[D12] a connection that is dead, and was never closed, is noticed',
    needs: ['keep-alive'],
    async run(scene) {
      const subscriber = await scene.follow();
      await scene.put(numbered('a', 3));
      await subscriber.notes(3);
      scene.stage.proxy.strand();
      await scene.put(numbered('a', 3, 3));
      await subscriber.notes(6);
      await subscriber.synced(2);
      complete(subscriber, numbered('a', 6));
    },
  },
];
