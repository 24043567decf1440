import { type ReactNode, useRef } from 'react';
import { ARCHETYPE_IDS, nameOf } from '../model/archetypes.ts';
import {
  applicable,
  EVENT_TYPES,
  type Filters,
  isFiltering,
  isKnown,
  SENTIMENTS,
  toggle,
} from '../model/filters.ts';
import type { EventSchema, Field } from '../model/schema.ts';
import { Glyph } from '../shell/glyph.tsx';
import { Icon } from '../shell/icons.tsx';
import { clearFilters, setFilters } from '../state/url-state.ts';
import { useDrawn, useSchema } from '../state/use-schema.ts';
import { useShortcuts } from '../state/use-shortcuts.ts';
import { FieldFilter } from './field-filter.tsx';
import './filter-bar.css';

/** Types of events while the server has not said which it has. */
const TYPES = Object.keys(EVENT_TYPES);

/** By agent, type, sentiment and text; all of it is in the address. */
export function FilterBar({ filters }: { filters: Filters }): ReactNode {
  const schema = useSchema();
  const isDrawn = useDrawn();
  // Who watches is no event of the log.
  const types = (schema?.names ?? TYPES).filter((type) => type !== 'viewer' || !isDrawn(type));
  const hasMessages = isDrawn('agent_message');
  const fields = schema ? fieldsOf(schema, filters.types) : [];
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
      {hasMessages && (
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
      )}
      <div className="chip-rows">
        {hasMessages && (
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
        )}
        <fieldset className="chips types">
          <legend className="hidden">Event types</legend>
          {types.map((type) => (
            <button
              key={type}
              type="button"
              className="filter-chip plain"
              aria-pressed={filters.types.includes(type)}
              title={type}
              onClick={() => setFilters(({ types }) => ({ types: toggle(types, type) }))}
            >
              {isKnown(type) && isDrawn(type) ? EVENT_TYPES[type] : type}
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
      {fields.length > 0 && (filters.types.length > 0 || filters.field || !hasMessages) && (
        <FieldFilter fields={fields} condition={filters.field} />
      )}
    </search>
  );
}

/** Each field of the types that are asked for, once. */
function fieldsOf(schema: EventSchema, types: readonly string[]): Field[] {
  const wanted = types.length > 0 ? types : schema.names;
  const fields = wanted.flatMap((type) => schema.fields.get(type) ?? []);
  return [...new Map(fields.map((field) => [field.path, field])).values()];
}

function toggleAgent(id: string): void {
  setFilters(({ agents }) => ({ agents: toggle(agents, id) }));
}
