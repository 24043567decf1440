import { describe, expect, test, vi } from 'vitest';
import { type Asker, ownAsker } from '../../server/event-manager/reading/asker.ts';
import { Turns, type TurnsOptions } from '../../server/event-manager/reading/turns.ts';

/** Turns whose clock and event loop the test moves on. */
function turnsOf(options: Partial<TurnsOptions> = {}) {
  let time = 0;
  const later: (() => void)[] = [];
  const turns = new Turns({
    atOnce: 8,
    perAsker: 4,
    sliceMs: 2,
    now: () => time,
    later: (callback) => later.push(callback),
    ...options,
  });
  return {
    turns,
    passTime(ms: number) {
      time += ms;
    },
    /** Lets the next turn of the event loop come. */
    async loop() {
      for (const callback of later.splice(0)) callback();
      await settled();
    },
  };
}

/** After everything that waits for no event. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('turns', () => {
  test('take up to a few ms of one turn of the event loop, however many there are', async () => {
    const { turns, passTime, loop } = turnsOf();
    const asker = ownAsker();
    let done = 0;
    const step = async () => {
      passTime(1);
      done++;
    };
    const all = Array.from({ length: 10 }, () => turns.run(asker, step));
    await settled();
    const perTurn = [done];
    while (done < 10) {
      await loop();
      perTurn.push(done);
    }
    await Promise.all(all);
    expect(perTurn).toEqual([2, 4, 6, 8, 10]);
  });

  test('control: without an end of the slice all take place in one turn of the event loop', async () => {
    const { turns, passTime } = turnsOf({ sliceMs: Number.POSITIVE_INFINITY });
    const asker = ownAsker();
    const all = Array.from({ length: 10 }, () => turns.run(asker, async () => passTime(1)));
    let done = false;
    void Promise.all(all).then(() => {
      done = true;
    });
    for (let i = 0; i < 200; i++) await Promise.resolve();
    expect(done).toBe(true);
  });

  test('make a new asker wait for one turn of each other asker, not for all of their work', async () => {
    const { turns, passTime, loop } = turnsOf();
    const order: string[] = [];
    const ask = (asker: Asker, name: string) =>
      turns.run(asker, async () => {
        passTime(2);
        order.push(name);
      });
    const greedy = ownAsker();
    const all = Array.from({ length: 100 }, (_, i) => ask(greedy, `greedy ${i}`));
    all.push(ask(ownAsker(), 'modest'));
    await settled();
    while (order.length < 101) await loop();
    await Promise.all(all);
    expect(order.indexOf('modest')).toBeLessThanOrEqual(2);
  });

  test('for a full asker wait until it has drained, while others go on', async () => {
    const { turns, loop } = turnsOf();
    let drain = (): void => {};
    let full = true;
    const drained = new Promise<void>((resolve) => {
      drain = resolve;
    });
    const slow: Asker = {
      ...ownAsker(),
      get full() {
        return full;
      },
      drained: () => drained,
    };
    const order: string[] = [];
    const all = [
      turns.run(slow, async () => order.push('slow')),
      turns.run(ownAsker(), async () => order.push('other')),
    ];
    await settled();
    await loop();
    expect(order).toEqual(['other']);
    full = false;
    drain();
    await Promise.all(all);
    expect(order).toEqual(['other', 'slow']);
  });

  test('for an asker that is gone, or was stopped, are refused', async () => {
    const { turns, passTime, loop } = turnsOf();
    let gone = false;
    const asker: Asker = {
      ...ownAsker(),
      get gone() {
        return gone;
      },
    };
    const stop = new AbortController();
    let done = 0;
    const step = async () => {
      passTime(2);
      done++;
    };
    const first = turns.run(asker, step);
    const stopped = turns.run(ownAsker(), step, stop.signal);
    const rest = Array.from({ length: 50 }, () => turns.run(asker, step));
    const refused = Promise.allSettled([stopped, ...rest]);
    stop.abort();
    gone = true;
    await first;
    while (!(await Promise.race([refused.then(() => true), settled().then(() => false)]))) await loop();
    expect(done).toBe(1);
    expect((await refused).every(({ status }) => status === 'rejected')).toBe(true);
    await expect(stopped).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test.each([
    ['all end in one turn of the event loop once it is gone', true, 100],
    ['control: only one ends in it while it is there', false, 1],
  ])('among 100 waiting ones of one asker: %s', async (_, leaves, count) => {
    const { turns, passTime, loop } = turnsOf({ sliceMs: 0, perAsker: 1 });
    let gone = false;
    const asker: Asker = {
      ...ownAsker(),
      get gone() {
        return gone;
      },
    };
    const step = async () => passTime(1);
    await turns.run(ownAsker(), step); // the slice is over
    let ended = 0;
    const end = (): void => void ended++;
    for (let each = 0; each < 100; each++) void turns.run(asker, step).then(end, end);
    gone = leaves;
    await loop();
    expect(ended).toBe(count);
  });

  test('run up to a number at a time, and fewer for one asker', async () => {
    const { turns, loop } = turnsOf({ atOnce: 3, perAsker: 2 });
    let running = 0;
    const ends: (() => void)[] = [];
    const wait = () => {
      running++;
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    const asker = ownAsker();
    const all = Array.from({ length: 4 }, () => turns.run(asker, wait));
    for (let i = 0; i < 5; i++) await loop();
    expect(running).toBe(2);
    all.push(...Array.from({ length: 4 }, () => turns.run(ownAsker(), wait)));
    for (let i = 0; i < 5; i++) await loop();
    expect(running).toBe(3);
    while (running < 8 || ends.length > 0) {
      ends.shift()?.();
      await loop();
    }
    await Promise.all(all);
  });

  test.each([
    ['are looked at in several turns of the event loop, each once and in order', 2, [2, 4, 6, 8]],
    ['control: without an end of the slice all are looked at in one', Number.POSITIVE_INFINITY, [8]],
  ])('answers that come together %s', async (_, sliceMs, expected) => {
    const { turns, passTime, loop } = turnsOf({ sliceMs });
    const answers: (() => void)[] = [];
    const looked: number[] = [];
    const all = Array.from({ length: 8 }, (_, n) =>
      turns.run(ownAsker(), async (time) => {
        await new Promise<void>((resolve) => answers.push(resolve));
        await time();
        passTime(1);
        looked.push(n);
      }),
    );
    await loop();
    for (const answer of answers) answer();
    await settled();
    const perTurn = [looked.length];
    while (looked.length < 8) {
      await loop();
      perTurn.push(looked.length);
    }
    await Promise.all(all);
    expect(perTurn).toEqual(expected);
    expect(looked).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('wait only for a limited time for a log that does not answer', async () => {
    const turns = new Turns({ atOnce: 1, perAsker: 1, sliceMs: 2, patienceMs: 20 });
    let answer = (): void => {};
    const silent = turns.run(
      ownAsker(),
      () =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }),
    );
    await turns.run(ownAsker(), async () => {});
    answer();
    await silent;
    await turns.run(ownAsker(), async () => {});
  });

  test.each([
    ['one whose log has answered, as long as it runs', true, 0],
    ['control: one whose log has not, for a limited time', false, 1],
  ])('count %s', async (_, answered, expected) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { turns, loop } = turnsOf({ atOnce: 1, patienceMs: 250 });
      let end = (): void => {};
      const first = turns.run(ownAsker(), async (time) => {
        if (answered) await time();
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      });
      let others = 0;
      const other = turns.run(ownAsker(), async () => {
        others++;
      });
      await settled();
      vi.advanceTimersByTime(1_000);
      for (let i = 0; i < 3; i++) await loop();
      expect(others).toBe(expected);
      end();
      await Promise.all([first, other]);
    } finally {
      vi.useRealTimers();
    }
  });
});
