import { describe, expect, test } from 'vitest';
import type { EventManager } from '../../server/index.ts';
import { Collector } from '../support/collect.ts';
import { settled } from '../support/turns.ts';
import { type oldCatalog, short, TwoVersions, WAIT_MS } from './newer-versions.ts';

type Old = EventManager<typeof oldCatalog>;

const follow = (manager: Old, options: Parameters<Old['subscribe']>[0] = {}) =>
  new Collector((signal) => manager.subscribe({ ...options, signal }));

describe('a record of a newer version than a process knows', () => {
  test('[V4] is waited at for 30 s, then is a gap, and its version is waited at no more', async () => {
    await using all = new TwoVersions();
    using stream = follow(all.older);
    await stream.count(1);
    await all.publishOld('1', '2');
    await all.publishNew('3');
    await all.publishOld('4');
    await stream.count(3);
    await settled();
    await all.clock.advance(WAIT_MS - 1);
    await settled();
    expect(stream.items.map(short)).toEqual(['synced', '1', '2']);
    expect(all.met).toMatchObject([{ event_type: 'note', version: 2, known: 1, topic: 'default' }]);
    expect(all.met[0]?.over.aborted).toBe(false);

    await all.clock.advance(1);
    await stream.count(5);
    expect(stream.items.map(short)).toEqual(['synced', '1', '2', 'gap unknown_version', '4']);
    expect(stream.items[3]).toMatchObject({ data: { lost: 1, to: stream.cursors[3] } });
    expect(all.met[0]?.over.aborted).toBe(true);

    await all.publishNew('5');
    await all.publishOld('6');
    await stream.count(7);
    expect(stream.items.map(short).slice(5)).toEqual(['gap unknown_version', '6']);
    expect(all.lines).toEqual([expect.stringContaining('newer version')]);
    expect(all.met).toHaveLength(1);
    expect(all.clock.timers).toBe(0);
  });

  test('[V4] holds up listeners, which then go on; and is no gap to those who want other types', async () => {
    await using all = new TwoVersions();
    const heard: string[] = [];
    all.older.addListener((event) => heard.push(short(event)));
    using others = follow(all.older, { types: ['other'] });
    await others.count(1);
    await all.publishNew('1');
    await all.newer.publish('other', { n: 1 });
    await all.publishOld('2');
    await settled();
    expect(heard).toEqual([]);
    await all.clock.advance(WAIT_MS);
    await others.count(2);
    await expect.poll(() => heard).toEqual(['other', '2']);
    expect(others.items.map(short)).toEqual(['synced', 'other']);
  });

  test('[V4] ends history, replays and the last events before it; a page that ends beyond it is refused for now', async () => {
    await using all = new TwoVersions();
    await all.publishOld('1', '2');
    await all.publishNew('3');
    await all.publishOld('4');
    const beyond = await all.publishNew('5', '6');
    await all.publishOld('7');
    const { older } = all;
    const pageOf = async (options: Parameters<Old['history']>[0]) => (await older.history(options)).items;
    const replayed = async () => {
      const items: string[] = [];
      for await (const [, item] of older.replay({ maxPauseMs: 0 })) items.push(short(item));
      return items;
    };
    // Nobody has met the first of them yet: a page that is read from the end finds it.
    expect((await pageOf({})).map(({ event }) => short(event))).toEqual(['1', '2']);
    expect((await pageOf({ since: { last: 5 } })).map(({ event }) => short(event))).toEqual(['1', '2']);
    const forward = await older.history({ since: { at: new Date(0).toISOString() } });
    expect(forward.items.map(({ event }) => short(event))).toEqual(['1', '2']);
    expect(forward).toMatchObject({ atEnd: true, held: true });
    for (const options of [{}, { since: { last: 5 } }, { since: forward.next }])
      expect(await older.history(options)).toMatchObject({ atEnd: true, held: true });
    // A page that ends elsewhere is none of it.
    const [oldest] = forward.items;
    expect(await older.history({ before: forward.items[1]?.cursor ?? '' })).not.toHaveProperty('held');
    expect(await older.history({ since: { at: new Date(0).toISOString() }, limit: 1 })).toMatchObject({
      items: [oldest],
      atEnd: false,
    });
    expect(await all.newer.history()).not.toHaveProperty('held');
    expect(await replayed()).toEqual(['1', '2', 'synced']);
    await expect(older.history({ before: beyond })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(all.met).toHaveLength(1);

    await all.clock.advance(WAIT_MS);
    const page = await older.history({ since: forward.next });
    expect(page.items.map(({ event }) => short(event))).toEqual(['4', '7']);
    expect(page).not.toHaveProperty('held');
    expect(page.gaps.map(({ reason }) => reason)).toEqual(Array(3).fill('unknown_version'));
    expect((await replayed()).filter((item) => item.startsWith('gap'))).toHaveLength(3);
    expect((await pageOf({ before: beyond })).map(({ event }) => short(event))).toEqual(['1', '2', '4']);
  });

  test('[V4] holds up who resumes before it, although others have begun after it', async () => {
    await using all = new TwoVersions();
    await all.publishOld('1');
    await all.publishNew('2');
    await all.publishOld('3');
    using live = follow(all.older);
    await live.count(1);
    using behind = follow(all.older, { since: { at: new Date(0).toISOString() } });
    await behind.count(1);
    const { reads } = all.broker;
    await all.publishOld('4', '5', '6');
    await live.count(4);
    await settled();
    expect(live.items.map(short)).toEqual(['synced', '4', '5', '6']);
    expect(behind.items.map(short)).toEqual(['1']);
    expect(all.broker.reads - reads).toBeLessThan(5); // it waits, and asks nothing
    await all.clock.advance(WAIT_MS);
    await behind.count(7);
    expect(behind.items.map(short)).toEqual(['1', 'gap unknown_version', '3', '4', '5', '6', 'synced']);
  });

  test('[V4] keeps the place of who has come from beyond it', async () => {
    await using all = new TwoVersions();
    using held = follow(all.older);
    await held.count(1);
    const cursor = await all.publishNew('1', '2');
    using beyond = follow(all.older, { since: cursor });
    await all.publishOld('3');
    await settled();
    expect(beyond.items).toEqual([]);
    const { reads } = all.broker;
    await settled();
    expect(all.broker.reads - reads).toBeLessThan(3);
    await all.clock.advance(WAIT_MS);
    await beyond.count(2);
    expect(beyond.items.map(short).toSorted()).toEqual(['3', 'synced']);
    await held.count(4);
    expect(held.items.map(short)).toEqual(['synced', 'gap unknown_version', 'gap unknown_version', '3']);
  });

  test.each([{ every: 1 }, { whenSlow: 'conflate' as const }])(
    '[V4] is waited at by subscriptions with %o',
    async (options) => {
      await using all = new TwoVersions();
      using stream = follow(all.older, { types: ['note'], ...options });
      await stream.count(1);
      await all.publishOld('1');
      await stream.count(2);
      await all.publishNew('2');
      await all.publishOld('3');
      await settled();
      expect(stream.items.map(short)).toEqual(['synced', '1']);
      await all.clock.advance(WAIT_MS);
      await stream.count(4);
      expect(stream.items.map(short).at(-1)).toBe('3');
      expect(stream.items.map(short)[2]).toMatch(/^gap /);
    },
  );

  test('[V4] many topics that meet it share one wait, ask nothing meanwhile, and go on in turns', async () => {
    await using all = new TwoVersions();
    const topics = Array.from({ length: 300 }, (_, n) => `t${n}`);
    const streams = topics.map((topic) => follow(all.older, { topic }));
    for (const stream of streams) await stream.count(1);
    for (const topic of topics) {
      await all.newer.publishBatch(
        [
          { event_type: 'note', data: { text: '1' } },
          { event_type: 'other', data: { n: 1 } },
        ],
        { topic },
      );
    }
    const { reads } = all.broker;
    await settled();
    expect(all.broker.reads).toBe(reads);
    expect(all.clock.timers).toBe(1);
    expect(all.met).toHaveLength(1);
    await all.clock.advance(WAIT_MS);
    for (const stream of streams) {
      await stream.count(3);
      expect(stream.items.map(short)).toEqual(['synced', 'gap unknown_version', 'other']);
      stream[Symbol.dispose]();
    }
    expect(all.broker.reads - reads).toBeLessThan(3 * topics.length);
    expect(all.lines).toHaveLength(1);
  });

  test('[V4] events that came in great number while it was waited at are read from the log, in order and once', async () => {
    await using all = new TwoVersions();
    using stream = follow(all.older);
    await stream.count(1);
    await all.publishNew('first');
    const numbers = Array.from({ length: 3000 }, (_, n) => String(n));
    await all.publishOld(...numbers.slice(0, 2000));
    await all.clock.advance(WAIT_MS);
    await all.publishOld(...numbers.slice(2000));
    await stream.count(3002);
    expect(stream.items.map(short)).toEqual(['synced', 'gap unknown_version', ...numbers]);
  });

  test('[V4] a client that comes once all that waited have gone elsewhere waits anew', async () => {
    await using all = new TwoVersions();
    const stream = follow(all.older);
    await stream.count(1);
    await all.publishOld('1');
    await all.publishNew('2');
    await stream.count(2);
    stream[Symbol.dispose]();
    await expect.poll(() => all.older.stats().topics).toEqual([]);
    await all.clock.advance(WAIT_MS);
    expect(all.met[0]?.over.aborted).toBe(true);

    using again = follow(all.older, { since: stream.cursors[1] });
    await expect.poll(() => all.met.length).toBe(2);
    await all.clock.advance(WAIT_MS - 1);
    await settled();
    expect(again.items).toEqual([]);
    await all.clock.advance(1);
    await again.count(2);
    expect(again.items.map(short)).toEqual(['gap unknown_version', 'synced']);
  });

  test('[V4] [V7] is not waited at once it is erased: no process could say more of it', async () => {
    await using all = new TwoVersions();
    const cursor = await all.publishNew('1');
    await all.newer.erase({ cursor });
    await all.publishOld('2');
    using stream = follow(all.older, { since: { at: new Date(0).toISOString() } });
    await stream.count(4);
    // The place, the notice that tells of it, and what comes after.
    expect(stream.items.map(short)).toEqual(['gap erased', 'gap erased', '2', 'synced']);
    expect(all.met).toEqual([]);
  });

  test('[V4] [V7] keeps a process from erasing by a filter what is beyond it, met or not, and says so', async () => {
    await using all = new TwoVersions();
    await all.publishOld('secret');
    await all.publishNew('other');
    await all.publishOld('secret');
    const erase = () => all.older.erase({ types: ['note'], filter: { message: 'secret' } });
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(erase()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await all.clock.advance(WAIT_MS);
    expect(await erase()).toEqual({ erased: 2, unreadable: 1 });
    // Control: who knows the version erases at once.
    await all.publishNew('more');
    const byNewer = await all.newer.erase({ types: ['note'], filter: { text: 'more' } });
    expect(byNewer).toEqual({ erased: 1 });
  });

  test('[V4] leaves no timer when the manager is closed', async () => {
    const all = new TwoVersions();
    using stream = follow(all.older);
    await stream.count(1);
    await all.publishNew('1');
    await expect.poll(() => all.clock.timers).toBe(1);
    await all[Symbol.asyncDispose]();
    expect(all.clock.timers).toBe(0);
    expect(all.met[0]?.over.aborted).toBe(true);
    await stream.done;
  });

  test('control: a process that knows the version waits for nothing', async () => {
    await using all = new TwoVersions();
    const stream = new Collector((signal) => all.newer.subscribe({ signal }));
    await stream.count(1);
    await all.publishOld('1');
    await all.publishNew('2');
    await stream.count(3);
    expect(stream.items.slice(1).map(({ data }) => data)).toEqual([{ text: '1' }, { text: '2' }]);
    stream[Symbol.dispose]();
  });
});
