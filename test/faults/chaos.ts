import { appendFileSync } from 'node:fs';

const report = process.env['CHAOS_REPORT'];

/** True if this is `npm run test:chaos`: everything larger, longer and more often. */
export const isLong = report !== undefined;

/** A size for `npm test`, and one for the long form. */
export function size(short: number, long: number): number {
  return isLong ? long : short;
}

/** Number of times a fault strikes; `CHAOS_ROUNDS` asks for another number in the long form. */
export function rounds(short: number, long: number): number {
  return size(short, Number(process.env['CHAOS_ROUNDS'] ?? long));
}

/** Puts figures into the row of a fault, in the table at the end of the long form. */
export function tell(fault: string, figures: object): void {
  if (report !== undefined) appendFileSync(report, `${JSON.stringify({ fault, ...figures })}\n`);
}

/** The median of some figures, to a whole number. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return Math.round(sorted[sorted.length >> 1] ?? Number.NaN);
}
