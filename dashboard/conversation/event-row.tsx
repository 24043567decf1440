import { memo, type ReactNode, useState } from 'react';
import { clockTime, fullTime } from '../model/format.ts';
import type { Entry } from '../model/log.ts';
import { summaryOf } from '../model/summary.ts';
import { JsonTree } from './json-tree.tsx';

/** Any event that has no look of its own: a line, and below it, once opened, its data. */
export const EventRow = memo(function EventRow({ entry }: { entry: Entry }): ReactNode {
  const { event, at } = entry;
  const [open, setOpen] = useState(false);
  return (
    <details className="event" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="event-line">
        <code>{event.event_type}</code>
        <span dir="auto">{summaryOf(event)}</span>
        <time dateTime={event.timestamp} title={fullTime(at)}>
          {clockTime(at)}
        </time>
      </summary>
      {open && (
        <div className="event-data">
          <JsonTree value={event.data} isOpen />
        </div>
      )}
    </details>
  );
});
