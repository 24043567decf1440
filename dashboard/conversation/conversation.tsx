import { type ReactNode, useMemo, useState } from 'react';
import { exportLines, type FeedItem, feedItems } from '../model/feed-items.ts';
import { isFiltering } from '../model/filters.ts';
import { plural } from '../model/format.ts';
import type { Scene } from '../model/scene.ts';
import { Icon } from '../shell/icons.tsx';
import { Panel } from '../shell/panel.tsx';
import { useMoment, useMomentActions } from '../state/moment/moment.ts';
import { useFilters } from '../state/url-state.ts';
import { EmptyFeed } from './empty-feed.tsx';
import { Feed } from './feed.tsx';
import { FilterBar } from './filter-bar.tsx';

import './conversation.css';
import './rows.css';

/** The conversation of the agents; with events of one's own, a list of them. */
export function Conversation({ title }: { title: string }): ReactNode {
  const { scene, log } = useMoment();
  const filters = useFilters();
  const items = useMemo(() => feedItems(scene, log.gaps, filters), [scene, log.gaps, filters]);
  const total = isFiltering(filters) ? `${items.length} of ${scene.entries.length}` : scene.messages.length;
  return (
    <Panel
      title={title}
      name="conversation"
      aside={
        <>
          <span className="panel-figure" data-count={scene.messages.length}>
            {isFiltering(filters) ? `${total} events` : countOf(scene)}
          </span>
          <ExportButton items={items} />
        </>
      }
    >
      <FilterBar filters={filters} />
      {items.length === 0 ? <EmptyFeed filters={filters} /> : <Feed items={items} head={<OlderButton />} />}
    </Panel>
  );
}

/** Messages, or, where nobody speaks, events. */
function countOf({ messages, entries }: Scene): string {
  return messages.length > 0 || entries.length === 0
    ? plural(messages.length, 'message')
    : plural(entries.length, 'event');
}

/** Saves what the conversation shows as lines of JSON. */
function ExportButton({ items }: { items: readonly FeedItem[] }): ReactNode {
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

/** Loads what was said before. */
function OlderButton(): ReactNode {
  const { log } = useMoment();
  const { loadOlder } = useMomentActions();
  const [pending, setPending] = useState(false);
  const [isAll, setAll] = useState(false);
  if (log.status === 'connecting') return null;
  if (isAll) return <p className="feed-beginning">This is the beginning of what the server keeps.</p>;
  const load = async (): Promise<void> => {
    setPending(true);
    setAll(!(await loadOlder()));
    setPending(false);
  };
  return (
    <p className="feed-beginning">
      <button type="button" className="button small" disabled={pending} onClick={load}>
        {pending ? 'Loading…' : 'Load what came before'}
      </button>
    </p>
  );
}
