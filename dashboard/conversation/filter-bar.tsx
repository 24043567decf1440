import { type ReactNode, useRef } from 'react';
import type { PageEventName } from '../events.ts';
import { ARCHETYPE_IDS, nameOf } from '../model/archetypes.ts';
import { applicable, EVENT_TYPES, type Filters, isFiltering, SENTIMENTS, toggle } from '../model/filters.ts';
import { Glyph } from '../shell/glyph.tsx';
import { Icon } from '../shell/icons.tsx';
import { clearFilters, setFilters } from '../state/use-filters.ts';
import { useShortcuts } from '../state/use-shortcuts.ts';
import './filter-bar.css';

const TYPES = Object.keys(EVENT_TYPES) as PageEventName[];

/** By agent, type, sentiment and text; all of it is in the address. */
export function FilterBar({ filters }: { filters: Filters }): ReactNode {
  const applies = applicable(filters);
  const search = useRef<HTMLInputElement>(null);
  useShortcuts({
    '/': () => search.current?.focus(),
    Escape: clearFilters,
    ...Object.fromEntries(ARCHETYPE_IDS.map((id, index) => [`${index + 1}`, () => toggleAgent(id)])),
  });
  return (
    <search className="filters">
      <label className="search">
        <Icon name="search" />
        <span className="hidden">Search</span>
        <input
          ref={search}
          type="search"
          placeholder="Search"
          aria-keyshortcuts="/"
          value={filters.text}
          onChange={({ target }) => setFilters(() => ({ text: target.value }))}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </label>
      <label className="select">
        <span className="hidden">Sentiment</span>
        <select
          value={filters.sentiment ?? ''}
          disabled={!applies.sentiment}
          onChange={({ target }) =>
            setFilters(() => ({ sentiment: SENTIMENTS.find((label) => label === target.value) ?? null }))
          }
        >
          <option value="">Any sentiment</option>
          {SENTIMENTS.map((label) => (
            <option key={label}>{label}</option>
          ))}
        </select>
      </label>
      <div className="chip-rows">
        <fieldset
          className="chips agents"
          disabled={!applies.agents}
          title={applies.agents ? undefined : 'No agent stands behind events of these types'}
        >
          <legend className="hidden">Agents</legend>
          {ARCHETYPE_IDS.map((id, index) => (
            <button
              key={id}
              type="button"
              className="filter-chip"
              data-agent={id}
              aria-pressed={filters.agents.includes(id)}
              aria-keyshortcuts={`${index + 1}`}
              title={`Only ${nameOf(id)} (${index + 1})`}
              onClick={() => toggleAgent(id)}
            >
              <Glyph agent={id} /> {nameOf(id)}
            </button>
          ))}
        </fieldset>
        <fieldset className="chips types">
          <legend className="hidden">Event types</legend>
          {TYPES.map((type) => (
            <button
              key={type}
              type="button"
              className="filter-chip plain"
              aria-pressed={filters.types.includes(type)}
              title={type}
              onClick={() => setFilters(({ types }) => ({ types: toggle(types, type) }))}
            >
              {EVENT_TYPES[type]}
            </button>
          ))}
          {isFiltering(filters) && (
            <button
              type="button"
              className="filter-chip clear"
              aria-label="Clear the filters"
              title="Clear the filters (Esc)"
              onClick={clearFilters}
            >
              <Icon name="close" />
            </button>
          )}
        </fieldset>
      </div>
    </search>
  );
}

function toggleAgent(id: string): void {
  setFilters(({ agents }) => ({ agents: toggle(agents, id) }));
}
