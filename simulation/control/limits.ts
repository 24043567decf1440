import * as z from 'zod';

/** Limits of what a simulation can be told; the router's inputs are built from the same. */
export const speedSchema = z.number().min(0.25).max(10);
export const seedSchema = z.int().min(0).max(0xffff_ffff);
export const stimulusSchema = z.string().trim().min(1).max(500);

/** @throws TypeError */
export function checkSpeed(speed: number): number {
  return check(speedSchema, speed, 'speed must be a number from 0.25 to 10');
}

/** @throws TypeError */
export function checkSeed(seed: number): number {
  return check(seedSchema, seed, 'seed must be a whole number from 0 to 4294967295');
}

/** The text without space around it. @throws TypeError */
export function checkStimulus(text: string): string {
  return check(stimulusSchema, text, 'a stimulus must be a text of 1 to 500 characters');
}

function check<T>(schema: z.ZodType<T>, value: unknown, rule: string): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new TypeError(`Simulation: ${rule}`);
  return result.data;
}
