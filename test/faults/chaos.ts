import { appendFileSync } from 'node:fs';
import type { DeliveryReport } from '../../verify/index.ts';

/** Whether this is `npm run test:chaos`: everything larger, longer and more often. */
const report = process.env['CHAOS_REPORT'];

/** A size for `npm test`, and one for the long form. */
export function size(short: number, long: number): number {
  return report === undefined ? short : long;
}

/** Puts a line into the table at the end of the long form. */
export function tell(
  fault: string,
  row: DeliveryReport & { backMs?: number; longestMs?: number; refused?: number },
): void {
  if (report !== undefined) appendFileSync(report, `${JSON.stringify({ fault, ...row })}\n`);
}
