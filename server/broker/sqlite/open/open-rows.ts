import type { LogEntry } from '../../../../shared/log.ts';
import type { HeldEvent } from '../../open/held-event.ts';
import type { OpenChange, OpenEvent } from '../../open/open-events.ts';
import type { TopicOpenSet } from '../../open/topic-open-set.ts';
import type { LogFile } from '../file/log-file.ts';

/** An open event as the file has it. Texts that were appended since it was begun have rows of their own. */
type StoredEvent = Omit<OpenEvent, 'id' | 'rev' | 'until'> & {
  readonly key: string;
  readonly leaseMs: number;
  /** The deadline, of a question. */
  readonly until: number;
};

/** The rows of one topic's open events. Call what writes within a transaction. */
export class OpenRows {
  readonly #file: LogFile;

  constructor(file: LogFile) {
    this.#file = file;
  }

  /** The set as it is stored. Leases begin anew: their owners could not renew them while the file was closed. */
  load(row: number, now: number): { rev: number; held: HeldEvent[] } {
    const { openRev, openEvents, openTexts } = this.#file.statements;
    const rev = openRev.get<{ rev: number }>(row)?.rev ?? 0;
    if (rev === 0) return { rev, held: [] };
    const held = openEvents.all<{ id: string; rev: number; event: string }>(row).map((stored) => {
      const { key, leaseMs, until: deadline, grows, ...event }: StoredEvent = JSON.parse(stored.event);
      const until = event.kind === 'question' ? deadline : now + leaseMs;
      const texts = grows ? openTexts.all<{ text: string }>(row, stored.id) : [];
      const text = texts.reduce((sum, { text }) => sum + JSON.parse(text), grows?.text ?? '');
      const grown = grows && { grows: { ...grows, text } };
      const told: OpenEvent = { ...event, ...grown, id: JSON.parse(stored.id), rev: stored.rev, until };
      return { event: told, key, lease: { ms: leaseMs, until } };
    });
    return { rev, held };
  }

  /** Stores a change of a set. @param set as it is after the change */
  write(row: number, change: OpenChange, set: TopicOpenSet): void {
    const { setOpenRev, addOpen, setOpen, setGrownRev, addText, deleteOpen, deleteTexts } =
      this.#file.statements;
    const { rev } = change;
    const id = JSON.stringify(change.kind === 'begun' ? change.event.id : change.id);
    setOpenRev.run(row, rev);
    switch (change.kind) {
      case 'begun':
        addOpen.run(row, id, rev, rev, textOf(set.held(change.event.id)));
        break;
      case 'appended':
        setGrownRev.run(rev, row, id);
        addText.run(row, id, change.offset, JSON.stringify(change.text));
        break;
      case 'replaced':
        setOpen.run(rev, textOf(set.held(change.id)), row, id);
        break;
      case 'settled':
        deleteOpen.run(row, id);
        deleteTexts.run(row, id);
    }
  }
}

function textOf(held: HeldEvent | undefined): string {
  if (!held) throw new Error('the event that was changed is not in the set');
  const { id: _, rev: __, until: ___, entry, ...event } = held.event;
  const { validatedBy: ____, ...text }: LogEntry = entry;
  const { key, lease } = held;
  const stored: StoredEvent = { ...event, entry: text, key, leaseMs: lease.ms, until: lease.until };
  return JSON.stringify(stored);
}
