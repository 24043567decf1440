import fc from 'fast-check';
import { expect } from 'vitest';
import type { GapReason } from '../../shared/stream-items.ts';
import { size, tell } from '../faults/chaos.ts';
import type { Backend } from './logs/backend.ts';
import { withinTime } from './time-limit.ts';
import { type Command, commands } from './world/commands.ts';
import { runWorld } from './world/world.ts';

const { MODEL_SEED, MODEL_PATH, MODEL_RUNS } = process.env;
/** Time for all runs. */
const TIME_MS = size(20_000, 600_000);
/** Ms in which everything that is waited for has come, also on a busy machine. */
const DONE_MS = 20_000;
/** Likewise for a control, some of which wait for something that never comes. */
const CONTROL_DONE_MS = 5000;
/** Ms for which a test of the model may run. */
export const timeout = MODEL_RUNS === undefined ? size(120_000, 720_000) : 3_600_000;
/** Row of the model in the table at the end of the long form. */
export const NAME = '16 model';

export interface CheckOptions {
  /** Or it looks for a shorter one. @default false */
  endOnFailure?: boolean;
  /** Seed of the random commands. Default: `MODEL_SEED`, else another with each check. */
  seed?: number;
  /** Path of the run that is to be replayed. Default: `MODEL_PATH`, else all are run. */
  path?: string;
}

/**
 * Runs random commands against a log and the reference.
 * @returns the result, and the reasons of all gaps that clients were told
 */
export async function checkModel(open: () => Promise<Backend>, runs: number, options: CheckOptions = {}) {
  const reasons = new Set<GapReason>();
  const run = async (backend: Backend, list: readonly Command[], doneMs: number): Promise<void> => {
    for (const reason of await runWorld(backend, list, doneMs)) reasons.add(reason);
  };
  return { ...(await checkCommands(commands, open, run, runs, options)), reasons };
}

/**
 * Runs lists of commands, each on a log of its own.
 * @param run runs one list. It is given the ms after which something is waited for for ever
 */
export async function checkCommands<T>(
  commands: fc.Arbitrary<T[]>,
  open: () => Promise<Backend>,
  run: (backend: Backend, list: readonly T[], doneMs: number) => Promise<void>,
  runs: number,
  options: CheckOptions = {},
) {
  // A control goes on until it has found its fault.
  const isLimited = MODEL_RUNS === undefined && options.endOnFailure !== true;
  const limited = withinTime(isLimited ? TIME_MS : Number.POSITIVE_INFINITY, async (list: readonly T[]) => {
    await using backend = await open();
    await run(backend, list, options.endOnFailure ? CONTROL_DONE_MS : DONE_MS);
  });
  const result = await fc.check(
    fc.asyncProperty(commands, (list) => limited.run(list)),
    {
      numRuns: Number(MODEL_RUNS ?? runs),
      ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED) }),
      ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
      ...options,
    },
  );
  return result.failed ? result : { ...result, numRuns: limited.made };
}

/** Reasons of gaps that many runs come upon. */
const TOLD = ['trimmed', 'epoch_changed', 'dropped', 'unknown_version', 'erased'];

/** Runs the model, and fails with the seed and the path that replay a failure. @param where the log, for the table */
export async function expectModel(where: string, open: () => Promise<Backend>, runs: number): Promise<void> {
  const result = await checkModel(open, runs);
  expectPassed(result);
  tell(NAME, { [where]: `${result.numRuns} seeds` });
  expect(result.numRuns).toBeGreaterThan(0);
  // One run in eight has a gap of the rarest: so many runs have all.
  if (result.numRuns >= 300) expect([...result.reasons]).toEqual(expect.arrayContaining(TOLD));
}

/** @throws Error with the seed and the path that replay a failure */
export function expectPassed(
  result: Pick<
    fc.RunDetails<unknown>,
    'failed' | 'seed' | 'counterexamplePath' | 'errorInstance' | 'counterexample'
  >,
): void {
  if (!result.failed) return;
  const error = result.errorInstance;
  throw new Error(
    `MODEL_SEED=${result.seed} MODEL_PATH=${result.counterexamplePath} replays it.\n${error instanceof Error ? error.stack : error}\n${JSON.stringify(result.counterexample)}`,
  );
}
