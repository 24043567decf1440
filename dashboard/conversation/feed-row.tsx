import { memo, type ReactNode, useState } from 'react';
import type { Gap } from '../events.ts';
import type { FeedItem } from '../model/feed-items.ts';
import { plural } from '../model/format.ts';
import type { Entry } from '../model/log.ts';
import type { Note } from '../model/notes.ts';
import { summaryOf } from '../model/summary.ts';
import { JsonTree } from './json-tree.tsx';
import { LongText } from './long-text.tsx';
import { MessageRow, Published, SpeakingRow } from './message-row.tsx';
import { QuestionRow } from './question-row.tsx';

export function FeedRow({ item }: { item: FeedItem }): ReactNode {
  switch (item.kind) {
    case 'message':
      return <MessageRow entry={item.entry} />;
    case 'question':
      return <QuestionRow entry={item.entry} />;
    case 'note':
      return <NoteRow entry={item.entry} note={item.note} />;
    case 'event':
      return <EventRow entry={item.entry} />;
    case 'gap':
      return <GapRow gap={item.gap} />;
    case 'speaking':
      return <SpeakingRow speaking={item.speaking} />;
  }
}

/** Any event that has no look of its own: a line, and below it, once opened, its data. */
const EventRow = memo(function EventRow({ entry }: { entry: Entry }): ReactNode {
  const { event } = entry;
  const [open, setOpen] = useState(false);
  return (
    <details className="event" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="event-line">
        <code>{event.event_type}</code>
        <span dir="auto">{summaryOf(event)}</span>
        <Published entry={entry} />
      </summary>
      {open && (
        <div className="event-data">
          <JsonTree value={event.data} isOpen />
        </div>
      )}
    </details>
  );
});

const REASONS: Readonly<Record<Gap['reason'], string>> = {
  trimmed: 'they were removed before this page could read them',
  epoch_changed: 'the server’s log began anew',
  conflated: 'the page was too slow for all of them',
  erased: 'somebody took them back',
  dropped: 'the log holds something there that is no event',
  unknown_version: 'the server is too old to read them',
};

/** A visible hole. */
function GapRow({ gap }: { gap: Gap }): ReactNode {
  const fate = gap.reason === 'erased' ? 'erased' : 'missing';
  const what =
    gap.lost === null ? `Some events may be ${fate} here` : `${plural(gap.lost, 'event')} ${fate} here`;
  return (
    <div className="gap-mark" data-reason={gap.reason}>
      <span>
        <strong>{what}</strong> · {REASONS[gap.reason]}
      </span>
    </div>
  );
}

/** Row for an event that gave the conversation a turn. */
const NoteRow = memo(function NoteRow({ entry, note }: { entry: Entry; note: Note }): ReactNode {
  return (
    <div className="note" data-tone={note.tone}>
      <strong>{note.title}</strong>
      {note.text !== '' && <LongText className="note-text" text={note.text} />}
      <Published entry={entry} />
    </div>
  );
});
