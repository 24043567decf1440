import { isDeepStrictEqual } from 'node:util';
import type { Capability } from './messages.ts';
import type { Scene, Subscriber } from './scene.ts';
import type { StageOptions } from './stage.ts';

/** One thing that a client must get right. */
export interface Scenario {
  /** In words, after the rule of PROTOCOL that it is about. */
  readonly name: string;
  /** Without one of these the scenario says nothing of a client. */
  readonly needs?: readonly Capability[];
  readonly stage?: StageOptions;
  /** @throws Error when the client gets it wrong */
  run(scene: Scene): Promise<void>;
}

/** @throws Error when they are not equal */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

/** Texts `<publisher>:0`, `<publisher>:1`, … */
export function numbered(publisher: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${publisher}:${from + index}`);
}

/** @throws Error unless all that was published came, once and in order, with no gap */
export function complete(subscriber: Subscriber, texts: readonly string[]): void {
  const { silent, announced, duplicated, reordered, gaps } = subscriber.counted(texts);
  const wrong = { silent, announced, duplicated, reordered, gaps };
  same('What became of the events', wrong, { silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
  same('The notes', subscriber.texts, texts);
}
