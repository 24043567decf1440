import { expect } from 'vitest';
import { tell } from '../../faults/chaos.ts';
import { type CheckOptions, checkCommands, expectPassed, NAME } from '../check-model.ts';
import type { Backend } from '../logs/backend.ts';
import type { Kept } from '../reference/kept.ts';
import { commands } from './commands.ts';
import { runOpenWorld } from './open-world.ts';

/** Nothing is trimmed: what limits take out is for the model of the log. */
export const ALL: Kept = { maxRecords: 10_000 };

/** Runs random commands against open sets and the reference. */
export function checkOpenModel(open: () => Promise<Backend>, runs: number, options: CheckOptions = {}) {
  return checkCommands(commands, open, runOpenWorld, runs, options);
}

/** Runs the model, and fails with the seed and the path that replay a failure. @param where the log, for the table */
export async function expectOpenModel(
  where: string,
  open: () => Promise<Backend>,
  runs: number,
): Promise<void> {
  const result = await checkOpenModel(open, runs);
  expectPassed(result);
  tell(NAME, { [`${where}, open`]: `${result.numRuns} seeds` });
  expect(result.numRuns).toBeGreaterThan(0);
}
