import type { ReactNode } from 'react';
import { exportLines } from '../model/export-lines.ts';
import type { FeedItem } from '../model/feed-items.ts';
import { Icon } from '../shell/icons.tsx';

/** Saves what the conversation shows as lines of JSON. */
export function ExportButton({ items }: { items: readonly FeedItem[] }): ReactNode {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([exportLines(items)], { type: 'application/x-ndjson' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `psyche-events-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <button
      type="button"
      className="button small"
      disabled={items.length === 0}
      title="Save what is shown, one JSON object a line"
      onClick={save}
    >
      <Icon name="download" /> Export
    </button>
  );
}
