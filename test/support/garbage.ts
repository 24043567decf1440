import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Garbage is collected when V8 likes: a reference that dies at all is what counts. */
export async function expectGone(refs: readonly WeakRef<object>[]): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await turn();
    gc();
    if (refs.every((ref) => ref.deref() === undefined)) return;
  }
  expect(refs.map((ref) => ref.deref())).toEqual(refs.map(() => undefined));
}

/** Live bytes on the heap. */
export function liveBytes(): number {
  gc();
  return process.memoryUsage().heapUsed;
}
