import { complete, type Scenario, same } from '../scenario.ts';
import type { Scene } from '../scene.ts';

/** Characters of a note: 16 MB are more than the operating system holds for a client that reads nothing. */
const NOTE_CHARS = 50_000;
const NOTES = 320;

/** Scenarios of a client that is too slow, or has a slow line [D9]. */
export const slow: readonly Scenario[] = [
  {
    name: "[D9] whenSlow: 'refill': slow, it gets everything later",
    async run(scene) {
      const subscriber = await scene.follow({ whenSlow: 'refill' });
      const texts = await floodWhileHeld(scene);
      await subscriber.notes(texts.length);
      complete(subscriber, texts);
    },
  },
  {
    name: "[D9] whenSlow: 'conflate': slow, it gets the latest, and a gap that counts the others",
    async run(scene) {
      const subscriber = await scene.follow({ whenSlow: 'conflate' });
      const texts = await floodWhileHeld(scene);
      // By its end: whole notes differ in nothing before it, and each would be compared after each item.
      const end = `:${texts.length - 1}`;
      await subscriber.until('the latest', () => subscriber.texts.some((text) => text.endsWith(end)));
      const lost = subscriber.gaps.reduce((sum, gap) => sum + Number(gap['lost']), 0);
      same('Notes and lost ones together', subscriber.texts.length + lost, texts.length);
      same('The notes are in order', subscriber.texts, inOrder(subscriber.texts, texts));
      same(
        'The gaps',
        subscriber.gaps.map(({ reason }) => reason),
        subscriber.gaps.map(() => 'conflated'),
      );
    },
  },
  {
    name: "[D9] whenSlow: 'disconnect': slow, it is closed (4008), and resumes from its last cursor",
    async run(scene) {
      const subscriber = await scene.follow({ whenSlow: 'disconnect' });
      const texts = await floodWhileHeld(scene);
      await subscriber.notes(texts.length);
      await subscriber.synced(2); // not by the number of connections: a client over HTTP may keep those
      complete(subscriber, texts);
    },
  },
];

/** Publishes more than the line takes while it takes nothing. @param meanwhile is done after that, while it is held */
export async function floodWhileHeld(scene: Scene, meanwhile?: () => Promise<unknown>): Promise<string[]> {
  const padding = 'x'.repeat(NOTE_CHARS);
  const texts = Array.from({ length: NOTES }, (_, index) => `${padding}:${index}`);
  scene.stage.proxy.blackhole();
  await scene.put(texts);
  await meanwhile?.();
  scene.stage.proxy.pass();
  return texts;
}

function inOrder(some: readonly string[], all: readonly string[]): string[] {
  const wanted = new Set(some);
  return all.filter((text) => wanted.has(text));
}
