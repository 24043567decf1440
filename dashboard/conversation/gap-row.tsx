import type { ReactNode } from 'react';
import type { Gap } from '../events.ts';
import { plural } from '../model/format.ts';

const REASONS: Readonly<Record<Gap['reason'], string>> = {
  trimmed: 'they were removed before this page could read them',
  epoch_changed: 'the server’s log began anew',
  conflated: 'the page was too slow for all of them',
  dropped: 'the log holds something there that is no event',
};

/** A visible hole. */
export function GapRow({ gap }: { gap: Gap }): ReactNode {
  const what =
    gap.lost === null ? 'Some events may be missing here' : `${plural(gap.lost, 'event')} missing here`;
  return (
    <div className="gap-mark" data-reason={gap.reason}>
      <span>
        <strong>{what}</strong> · {REASONS[gap.reason]}
      </span>
    </div>
  );
}
