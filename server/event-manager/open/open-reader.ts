import type { AnyCatalog } from '../../../shared/catalog.ts';
import { formatCursor, parseCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EventName, EventOf } from '../../../shared/events.ts';
import { fromLogEntry } from '../../../shared/log.ts';
import type { OpenPage } from '../../../shared/open/open-page.ts';
import type { Settlement } from '../../../shared/open/open-part.ts';
import type { Broker, LogRecord } from '../../broker/broker.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicOpen } from '../reading/topic-open.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import type { LookTime } from '../reading/turns.ts';
import type { Selector } from '../records/selector.ts';
import { charsOf, itemOf, type StreamRecord } from '../records/stream-record.ts';

/** Characters of one answer: eight pages of history. */
const MAX_CHARS = 8 * 1024 * 1024;
/** Ms of one turn of the event loop in which events are looked at. */
const TURN_MS = 2;

/**
 * Events that are open now, and that a selector matches: of a growing one, as it was begun. They are looked at in turns: a set
 * may have megabytes.
 * @throws EventsError TOO_LARGE, UNAVAILABLE; INVALID_OPTION where no event can be open
 */
export async function readOpen<N extends EventName<C>, C extends AnyCatalog>(
  { open: set }: Pick<TopicReader, 'open'>,
  selector: Selector,
  steps: ReadSteps,
): Promise<{ page: OpenPage<N, C>; chars: number }> {
  if (!set) throw noOpenEvents();
  return steps.read((_, time) => readInTurns<N, C>(set, selector, time));
}

async function readInTurns<N extends EventName<C>, C extends AnyCatalog>(
  set: TopicOpen,
  selector: Selector,
  time: LookTime,
): Promise<{ page: OpenPage<N, C>; chars: number }> {
  const { at, events } = await set.read();
  await time();
  const items: OpenPage<N, C>['items'] = [];
  let chars = 0;
  let until = performance.now() + TURN_MS;
  for (const event of events) {
    if (performance.now() >= until) {
      await time();
      until = performance.now() + TURN_MS;
    }
    const state = set.stateOf(event);
    if (!state || !selector.matches(state.seen)) continue;
    const record = state.at(at);
    chars += charsOf(record);
    if (chars > MAX_CHARS) throw tooMuch();
    items.push({ cursor: event.cursor, event: itemOf<C>(record) as EventOf<N, C> }); // the selector lets nothing else through
  }
  return { page: { items, cursor: formatCursor(at) }, chars };
}

/** The answer that a settlement tells of: it is in its record where the set does not have it. Undefined where that is gone. */
export async function answerOf(
  broker: Broker,
  admit: (record: LogRecord) => StreamRecord,
  topic: string,
  { state, answer, cursor }: Settlement,
): Promise<unknown> {
  if (answer !== undefined || state !== 'answered') return answer;
  const { epoch, seq } = parseCursor(cursor);
  const { records } = await broker.read(topic, { epoch, seq: seq - 1 }, 1);
  const record = records.find((each) => each.cursor === cursor);
  const admitted = record && admit(record);
  if (!record || admitted?.type !== record.type) return undefined;
  return fromLogEntry<AnyCatalog>(admitted).answer;
}

function noOpenEvents(): EventsError {
  return new EventsError('INVALID_OPTION', 'No event of the catalog can be open, or the broker keeps none.');
}

function tooMuch(): EventsError {
  return new EventsError(
    'TOO_LARGE',
    `The open events of this topic have more than ${MAX_CHARS} characters: name types, or subscribe.`,
  );
}
