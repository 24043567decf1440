import { memo, type ReactNode } from 'react';
import { clockTime, fullTime } from '../model/format.ts';
import type { Entry } from '../model/log.ts';
import type { Note } from '../model/notes.ts';

/** Row for an event that gave the conversation a turn. */
export const NoteRow = memo(function NoteRow({ entry, note }: { entry: Entry; note: Note }): ReactNode {
  return (
    <div className="note" data-tone={note.tone}>
      <strong>{note.title}</strong>
      {note.text !== '' && (
        <span className="note-text" dir="auto">
          {note.text}
        </span>
      )}
      <time dateTime={entry.event.timestamp} title={fullTime(entry.at)}>
        {clockTime(entry.at)}
      </time>
    </div>
  );
});
