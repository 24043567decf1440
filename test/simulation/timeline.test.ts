import { describe, expect, test } from 'vitest';
import { sleep } from '../../shared/index.ts';
import { Timeline } from '../../simulation/timeline.ts';
import { FakeClock } from './fake-clock.ts';

function setUp(speed = 1) {
  const clock = new FakeClock();
  const timeline = new Timeline(clock, speed);
  const fired: string[] = [];
  const timer = (name: string, ms: number) => timeline.setTimer(() => fired.push(name), ms);
  return { clock, timeline, fired, timer };
}

describe('timeline', () => {
  test('stands still until it is run, even for a timer of 0 ms', async () => {
    const { clock, timeline, fired, timer } = setUp();
    timer('now', 0);
    await clock.advance(1000);
    expect([timeline.now(), fired]).toEqual([0, []]);
    timeline.run();
    await clock.advance(1);
    expect(fired).toEqual(['now']);
  });

  test('applies its speed to timers that already wait', async () => {
    const { clock, timeline, fired, timer } = setUp();
    timeline.run();
    timer('a', 1000);
    await clock.advance(500);
    timeline.speed = 10;
    await clock.advance(49);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual(['a']);
    timeline.speed = 0.25;
    timer('b', 100);
    await clock.advance(399);
    expect(fired).toEqual(['a']);
    await clock.advance(1);
    expect(fired).toEqual(['a', 'b']);
  });

  test('waits for the rest of a wait when it was stopped in the middle and is run again', async () => {
    const { clock, timeline, fired, timer } = setUp();
    timeline.run();
    timer('a', 100);
    await clock.advance(60);
    timeline.stop();
    await clock.advance(10_000);
    expect(timeline.now()).toBe(60);
    timeline.run();
    await clock.advance(39);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual(['a']);
  });

  test('fires timers in the order of their times, and those of one time in the order they were set', async () => {
    const { clock, timeline, fired, timer } = setUp(3);
    timeline.run();
    timer('late', 30);
    timer('early', 10);
    timer('early too', 10);
    const cancel = timer('never', 20);
    cancel();
    await clock.advance(100);
    expect(fired).toEqual(['early', 'early too', 'late']);
    expect(clock.timers).toBe(0);
  });

  test('ends a sleep with the signal’s reason, and leaves no timer', async () => {
    const { clock, timeline } = setUp();
    timeline.run();
    const stop = new AbortController();
    const asleep = expect(sleep(timeline, 100, stop.signal)).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await asleep;
    await expect(sleep(timeline, 100, stop.signal)).rejects.toThrow('enough');
    expect(clock.timers).toBe(0);
  });
});
