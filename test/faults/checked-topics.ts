import { expect } from 'vitest';
import { DeliveryChecker, type DeliveryReader, type DeliveryReport } from '../../verify/index.ts';
import { TOPIC } from './load.ts';

/** Topics, each with a checker of its own, and what they count together. The first one is {@link TOPIC}. */
export class CheckedTopics {
  readonly names: readonly string[];
  readonly #checkers: readonly DeliveryChecker[];

  constructor(count: number) {
    this.names = Array.from({ length: count }, (_, index) => (index === 0 ? TOPIC : `t${index}`));
    this.#checkers = this.names.map(() => new DeliveryChecker());
  }

  /** The checker of the topic at an index. */
  at(index: number): DeliveryChecker {
    const checker = this.#checkers[index % this.#checkers.length];
    if (!checker) throw new Error('There are no topics');
    return checker;
  }

  get readers(): readonly DeliveryReader[] {
    return this.#checkers.flatMap(({ readers }) => readers);
  }

  get acknowledged(): number {
    return this.#checkers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Events acknowledged a second, a fault's time included. @param began as `performance.now()` tells */
  perSecondSince(began: number): number {
    return Math.round((this.acknowledged * 1000) / (performance.now() - began));
  }

  /** Tells if every reader has the last event of every publisher of its topic. */
  get isLevel(): boolean {
    return this.#checkers.every(({ isLevel }) => isLevel);
  }

  report(): DeliveryReport {
    const reports = this.#checkers.map((checker) => checker.report());
    const sum = (name: keyof DeliveryReport): number =>
      reports.reduce((all, report) => all + report[name], 0);
    return {
      acknowledged: sum('acknowledged'),
      delivered: sum('delivered'),
      silent: sum('silent'),
      announced: sum('announced'),
      duplicated: sum('duplicated'),
      reordered: sum('reordered'),
      gaps: sum('gaps'),
    };
  }

  /** Waits until every reader has got so many events of every publisher of its topic that were published after now. */
  async goOn(count: number, timeout = 30_000): Promise<void> {
    const following = this.#checkers.map((checker) => checker.following(count));
    await expect.poll(() => following.every((isDone) => isDone()), { timeout, interval: 5 }).toBe(true);
  }
}
