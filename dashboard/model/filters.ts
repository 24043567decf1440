import { type PageEventName, textAt } from '../events.ts';
import { ARCHETYPE_IDS } from './archetypes.ts';
import { isDrawn } from './drawn.ts';
import { plainText, textOf } from './format.ts';
import type { Entry } from './log.ts';
import type { Note } from './notes.ts';

export const SENTIMENTS = ['positive', 'neutral', 'negative'] as const;
export type SentimentLabel = (typeof SENTIMENTS)[number];

/** Filters of the conversation, as the address has them. */
export interface Filters {
  /** Speakers; empty: all. */
  readonly agents: readonly string[];
  /** Event types, any server's; empty: the conversation, that is messages and what turns it, and events of one's own. */
  readonly types: readonly string[];
  readonly sentiment: SentimentLabel | null;
  readonly text: string;
  readonly field: FieldCondition | null;
}

/** Names of a type's events; there are none of a presence, which is no event of the log. */
export const EVENT_TYPES: Readonly<Record<Exclude<PageEventName, 'viewer'>, string>> = {
  agent_message: 'Messages',
  network_update: 'Network',
  system_status: 'System',
  agent_processing: 'Processing',
  simulation_state: 'Simulation',
  agent_question: 'Questions',
};

/** Tells if a name is one of events that the page may have a place of its own for. */
export function isKnown(type: string): type is keyof typeof EVENT_TYPES {
  return Object.hasOwn(EVENT_TYPES, type);
}

export function readFilters(params: URLSearchParams): Filters {
  const list = (key: string): string[] => params.get(key)?.split(',').filter(Boolean) ?? [];
  const sentiment = params.get('sentiment');
  return {
    agents: list('agents'),
    types: list('types'),
    sentiment: SENTIMENTS.find((label) => label === sentiment) ?? null,
    text: params.get('q') ?? '',
    field: readCondition(params.get('where')),
  };
}

/** The parameters of the address that say the same; null: not in it. */
export function writeFilters({
  agents,
  types,
  sentiment,
  text,
  field,
}: Filters): Record<string, string | null> {
  return {
    agents: agents.join(',') || null,
    types: types.join(',') || null,
    sentiment,
    q: text || null,
    where: writeCondition(field),
  };
}

export function isFiltering({ agents, types, sentiment, text, field }: Filters): boolean {
  return agents.length > 0 || types.length > 0 || sentiment !== null || text.trim() !== '' || field !== null;
}

/** Types of events that an agent stands behind. */
const OF_AGENTS: readonly string[] = [
  'agent_message',
  'network_update',
  'agent_processing',
  'agent_question',
];

/** The filters that mean something for the types that are asked for; the others are left alone. */
export function applicable({ types }: Pick<Filters, 'types'>): { agents: boolean; sentiment: boolean } {
  return {
    agents: types.length === 0 || types.some((type) => OF_AGENTS.includes(type)),
    sentiment: types.length === 0 || types.includes('agent_message'),
  };
}

const known: readonly string[] = ARCHETYPE_IDS;

/** Adds an item to a list of the filters, or takes it out. Known agents stay in their order. */
export function toggle<T extends string>(list: readonly T[], item: T): T[] {
  if (list.includes(item)) return list.filter((other) => other !== item);
  const order = (value: string) => known.indexOf(value);
  return [...list, item].sort((a, b) => order(a) - order(b));
}

/** Tells which entries the conversation shows. */
export function matcher({ agents, types, sentiment, text, field }: Filters) {
  const applies = applicable({ types });
  const needle = text.trim().toLowerCase();
  return ({ event }: Entry, note: Note | null): boolean => {
    const wanted =
      types.length > 0
        ? types.includes(event.event_type)
        : isDrawn(event, 'agent_message') ||
          isDrawn(event, 'agent_question') ||
          note !== null ||
          !isDrawn(event);
    if (!wanted) return false;
    if (applies.agents && agents.length > 0 && !agents.includes(agentOf(event) ?? '')) return false;
    if (
      applies.sentiment &&
      sentiment &&
      !(isDrawn(event, 'agent_message') && event.data.sentiment.label === sentiment)
    ) {
      return false;
    }
    if (field && !meets(event.data, field)) return false;
    return needle === '' || wordsOf(event).includes(needle);
  };
}

type PageEntryEvent = Entry['event'];

function agentOf(event: PageEntryEvent): string | null {
  if (!isDrawn(event)) return null;
  switch (event.event_type) {
    case 'agent_message':
    case 'agent_processing':
    case 'agent_question':
      return event.data.agent_id;
    case 'network_update':
      return textAt(event.data.details, 'from');
    default:
      return null;
  }
}

const texts = new WeakMap<PageEntryEvent, string>();

/** All of an event's words in lower case, made once. */
function wordsOf(event: PageEntryEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    const { data } = event;
    text = (
      isDrawn(event, 'agent_message')
        ? `${event.data.message} ${event.data.agent_type}`
        : `${event.event_type} ${plainText(data)}`
    ).toLowerCase();
    texts.set(event, text);
  }
  return text;
}

/** A condition on one field of an event's data, as the address has it: `where=sentiment.score~lt~0`. */
export interface FieldCondition {
  readonly path: string;
  readonly operator: FieldOperator;
  readonly value: string;
}

export const FIELD_OPERATORS = { is: 'is', has: 'contains', lt: 'is below', gt: 'is above' } as const;
export type FieldOperator = keyof typeof FIELD_OPERATORS;

function readCondition(text: string | null): FieldCondition | null {
  const [path = '', operator = '', ...value] = text?.split('~') ?? [];
  return path !== '' && isFieldOperator(operator) ? { path, operator, value: value.join('~') } : null;
}

function writeCondition(condition: FieldCondition | null): string | null {
  return condition && `${condition.path}~${condition.operator}~${condition.value}`;
}

export function isFieldOperator(text: string): text is FieldOperator {
  return Object.hasOwn(FIELD_OPERATORS, text);
}

/** Tells if data meets the condition. While no value is given, any data with the field does. */
function meets(data: unknown, { path, operator, value }: FieldCondition): boolean {
  let found = data;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return false;
    found = Reflect.get(found, name);
  }
  if (value === '') return true;
  const text = textOf(found);
  switch (operator) {
    case 'is':
      return text === value;
    case 'has':
      return text.toLowerCase().includes(value.toLowerCase());
    case 'lt':
      return compare(text, value) < 0;
    case 'gt':
      return compare(text, value) > 0;
  }
}

/** Numbers by their size, everything else, such as dates, by its letters. */
function compare(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) ? (a < b ? -1 : a > b ? 1 : 0) : difference;
}
