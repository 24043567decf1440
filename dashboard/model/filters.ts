import type { PageEventName } from '../events.ts';
import { ARCHETYPE_IDS } from './archetypes.ts';
import type { Entry } from './log.ts';
import type { Note } from './notes.ts';

export const SENTIMENTS = ['positive', 'neutral', 'negative'] as const;
export type SentimentLabel = (typeof SENTIMENTS)[number];

/** What the conversation shows, as the address has it. */
export interface Filters {
  /** Speakers; empty: all. */
  readonly agents: readonly string[];
  /** Event types; empty: the conversation, that is messages and what turns it. */
  readonly types: readonly PageEventName[];
  readonly sentiment: SentimentLabel | null;
  readonly text: string;
}

export const EVENT_TYPES: Readonly<Record<PageEventName, string>> = {
  agent_message: 'Messages',
  network_update: 'Network',
  system_status: 'System',
  agent_processing: 'Answering',
  simulation_state: 'Simulation',
};

export function readFilters(params: URLSearchParams): Filters {
  const list = (key: string): string[] => params.get(key)?.split(',').filter(Boolean) ?? [];
  const sentiment = params.get('sentiment');
  return {
    agents: list('agents'),
    types: list('types').filter((type): type is PageEventName => Object.hasOwn(EVENT_TYPES, type)),
    sentiment: SENTIMENTS.find((label) => label === sentiment) ?? null,
    text: params.get('q') ?? '',
  };
}

/** The parameters of the address that say the same; null: not in it. */
export function writeFilters({ agents, types, sentiment, text }: Filters): Record<string, string | null> {
  return {
    agents: agents.join(',') || null,
    types: types.join(',') || null,
    sentiment,
    q: text || null,
  };
}

export function isFiltering({ agents, types, sentiment, text }: Filters): boolean {
  return agents.length > 0 || types.length > 0 || sentiment !== null || text.trim() !== '';
}

const known: readonly string[] = ARCHETYPE_IDS;

/** Adds an item to a list of the filters, or takes it out. Known agents stay in their order. */
export function toggle<T extends string>(list: readonly T[], item: T): T[] {
  if (list.includes(item)) return list.filter((other) => other !== item);
  const order = (value: string) => known.indexOf(value);
  return [...list, item].sort((a, b) => order(a) - order(b));
}

/** Tells which entries the conversation shows. */
export function matcher({ agents, types, sentiment, text }: Filters) {
  const needle = text.trim().toLowerCase();
  return ({ event }: Entry, note: Note | null): boolean => {
    const wanted =
      types.length > 0
        ? types.includes(event.event_type)
        : event.event_type === 'agent_message' || note !== null;
    if (!wanted) return false;
    if (agents.length > 0 && !agents.includes(agentOf(event) ?? '')) return false;
    if (sentiment && !(event.event_type === 'agent_message' && event.data.sentiment.label === sentiment)) {
      return false;
    }
    return needle === '' || textOf(event).includes(needle);
  };
}

type PageEntryEvent = Entry['event'];

function agentOf(event: PageEntryEvent): string | null {
  return event.event_type === 'agent_message' || event.event_type === 'agent_processing'
    ? event.data.agent_id
    : null;
}

const texts = new WeakMap<PageEntryEvent, string>();

/** All of an event's words in lower case, made once. */
function textOf(event: PageEntryEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    const { data } = event;
    text = (
      event.event_type === 'agent_message'
        ? `${event.data.message} ${event.data.agent_type}`
        : `${event.event_type} ${JSON.stringify(data)}`
    ).toLowerCase();
    texts.set(event, text);
  }
  return text;
}
