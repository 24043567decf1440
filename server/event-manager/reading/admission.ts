import type { LogRecord } from '../../broker/broker.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import type { LookTime } from './turns.ts';

/** Turns a log's record into a stream's: the same, or a gap of one if it is not a valid event. */
export type RecordGate = (record: LogRecord) => StreamRecord;

/** Ms of one turn of the event loop in which records of a page are admitted. */
const TURN_MS = 2;
/** Turns that one page takes at most: whoever reads it holds one of the places of all readers. */
const PAGE_TURNS = 4;

/**
 * Admits a page's records, one at least, while there is time. A page of usual records takes a few ms; where each is raised from
 * an older version, by steps of the application's own, it may take a second [V2]. It takes a turn of the event loop for
 * every 2 ms, in which others have theirs, and ends with the fourth: what is left is to be read again.
 */
export async function admittedInTurns(
  records: readonly LogRecord[],
  admit: RecordGate,
  time: LookTime,
  now: () => number,
): Promise<StreamRecord[]> {
  const admitted: StreamRecord[] = [];
  let turns = 1;
  let until = now() + TURN_MS;
  for (const record of records) {
    if (admitted.length > 0 && now() >= until) {
      if (turns++ === PAGE_TURNS) break;
      await time();
      until = now() + TURN_MS;
    }
    admitted.push(admit(record));
  }
  return admitted;
}
