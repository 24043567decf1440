import { isDeepStrictEqual } from 'node:util';
import { EventsError } from '../../../shared/errors.ts';
import { envelopeText, fromLogEntry } from '../../../shared/log.ts';
import type { Settlement } from '../../../shared/open/open-part.ts';

/**
 * The settlement that a refused answer has made itself: its reply was lost, and it was given again [O1].
 * @param error of the answer
 * @param recorded reads the answer of a settlement; undefined where that is gone
 * @throws the error, unless the same subject had answered the same
 */
export async function repeatedAnswer(
  error: unknown,
  { answer, by }: { answer: unknown; by: string | undefined },
  recorded: (settled: Settlement) => Promise<unknown>,
): Promise<Settlement> {
  const settled = error instanceof EventsError ? error.settled : undefined;
  if (settled?.state !== 'answered' || settled.by !== by) throw error;
  if (!isDeepStrictEqual(asRead(await recorded(settled)), asRead(answer))) throw error;
  return settled;
}

/** An answer as whoever reads its record gets it. */
function asRead(answer: unknown): unknown {
  return fromLogEntry(envelopeText({ answer }, false));
}
