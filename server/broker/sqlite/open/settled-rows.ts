import { checkedEvent, envelopeText } from '../../../../shared/log.ts';
import type { Settlement } from '../../../../shared/open/open-part.ts';
import { MAX_SETTLED, type SettledEvent, type SettledEvents } from '../../open/settled-events.ts';
import type { LogFile } from '../file/log-file.ts';

/** The topic's row, or null before there is one. */
export interface TopicRow {
  readonly row: number | null;
  /** Adds it where there is none. Call it within a transaction. */
  hold(): number;
}

/** The settlements of one topic that the file remembers. They are written and read within its transactions, and undone with those. */
export class SettledRows implements SettledEvents {
  readonly #file: LogFile;
  readonly #topic: TopicRow;

  constructor(file: LogFile, topic: TopicRow) {
    this.#file = file;
    this.#topic = topic;
  }

  byId(id: string, now: number): SettledEvent | undefined {
    const { row } = this.#topic;
    if (row === null) return undefined;
    return eventOf(this.#file.statements.settledById.get(row, JSON.stringify(id), now));
  }

  byKey(type: string, key: string, now: number): SettledEvent | undefined {
    const { row } = this.#topic;
    if (row === null) return undefined;
    return eventOf(this.#file.statements.settledByKey.get(row, type, JSON.stringify(key), now));
  }

  add(event: SettledEvent, rev: number, now: number): void {
    const { addSettled, forgetOldSettled, forgetMoreSettled } = this.#file.statements;
    const row = this.#topic.row ?? this.#topic.hold();
    const { settlement, kind, type, key, until } = event;
    const [id, quotedKey] = [JSON.stringify(settlement.id), JSON.stringify(key)];
    forgetOldSettled.run(row, now);
    forgetMoreSettled.run(row, kind, MAX_SETTLED - 1);
    addSettled.run(row, kind, rev, id, type, quotedKey, until, textOf(event));
  }

  delete(id: string): void {
    const { row } = this.#topic;
    if (row !== null) this.#file.statements.deleteSettled.run(row, JSON.stringify(id));
  }
}

/** An event as JSON; its answer, which may be of any types that events have, as the text of an entry. */
function textOf({ settlement, ...event }: SettledEvent): string {
  const { answer, ...rest } = settlement;
  const answered = answer === undefined ? undefined : envelopeText({ answer }, false);
  return JSON.stringify({ ...event, settlement: rest, answered });
}

function eventOf(found: { event: string } | undefined): SettledEvent | undefined {
  if (!found) return undefined;
  const { answered, ...event }: SettledEvent & { answered?: { json: string; meta?: string } } = JSON.parse(
    found.event,
  );
  if (!answered) return event;
  const { answer } = checkedEvent(answered) as Pick<Settlement, 'answer'>;
  return { ...event, settlement: { ...event.settlement, answer } };
}
