import * as z from 'zod';
import { parseCursor } from '../../../../shared/cursor.ts';
import { refusedBy } from '../../../../shared/errors.ts';
import { replayShape } from '../../../../shared/options/read-options.ts';

const { since, until } = replayShape([]);
const rangeSchema = z.object({ since, until });

/**
 * Checks where a read of the past starts and ends. A time that is none is before and after no event: what was asked for
 * would be missing in silence.
 * @param call names the call in the message
 * @throws EventsError INVALID_CURSOR, INVALID_OPTION
 */
export function checkRange(
  call: string,
  range: { readonly since?: unknown; readonly until?: unknown },
): void {
  for (const cursor of [range.since, range.until]) if (typeof cursor === 'string') parseCursor(cursor);
  const { error } = rangeSchema.safeParse(range);
  if (error) throw refusedBy(error, 'INVALID_OPTION', { says: `${call}: ` });
}
