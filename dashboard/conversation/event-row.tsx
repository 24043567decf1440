import { memo, type ReactNode } from 'react';
import { clockTime, fullTime } from '../model/format.ts';
import type { Entry } from '../model/log.ts';
import { summaryOf } from '../model/summary.ts';

/** Any other event, when the viewer asks for its type. */
export const EventRow = memo(function EventRow({ entry }: { entry: Entry }): ReactNode {
  const { event, at } = entry;
  return (
    <div className="event-line">
      <code>{event.event_type}</code>
      <span dir="auto">{summaryOf(event)}</span>
      <time dateTime={event.timestamp} title={fullTime(at)}>
        {clockTime(at)}
      </time>
    </div>
  );
});
