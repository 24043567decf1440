import { type ReactNode, useMemo } from 'react';
import { feedItems } from '../model/feed-items.ts';
import { isFiltering } from '../model/filters.ts';
import { plural } from '../model/format.ts';
import type { Scene } from '../model/scene.ts';
import { Panel } from '../shell/panel.tsx';
import { useMoment } from '../state/moment.ts';
import { useFilters } from '../state/use-filters.ts';
import { EmptyFeed } from './empty-feed.tsx';
import { ExportButton } from './export-button.tsx';
import { Feed } from './feed.tsx';
import { FilterBar } from './filter-bar.tsx';
import { OlderButton } from './older-button.tsx';
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
