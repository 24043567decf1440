import type { PageEvent, PageEventName } from '../events.ts';

/** Types of values, as JSON Schema names them; its `integer` counts as `number`. */
export type JsonType = 'string' | 'number' | 'object' | 'array';

/** Fields of the data of an event by their paths. */
export type Fields = Readonly<Record<string, JsonType>>;

/** The fields that the panels read of each event that they draw. */
const DRAWN: Readonly<Record<PageEventName, Fields>> = {
  agent_message: {
    agent_id: 'string',
    agent_type: 'string',
    message: 'string',
    'sentiment.score': 'number',
    'sentiment.label': 'string',
    metadata: 'object',
  },
  network_update: { connections: 'array', communication_stats: 'object', event_type: 'string' },
  system_status: {
    health_status: 'string',
    'performance_metrics.cpu_percent': 'number',
    'performance_metrics.memory_percent': 'number',
    active_agents: 'number',
    error_count: 'number',
    metadata: 'object',
  },
  agent_processing: {
    agent_id: 'string',
    agent_type: 'string',
    to: 'string',
    turn: 'number',
    text: 'string',
  },
  agent_question: { agent_id: 'string', question: 'string', choices: 'array' },
  viewer: { name: 'string' },
  simulation_state: {
    status: 'string',
    mode: 'string',
    seed: 'number',
    speed: 'number',
    tick: 'number',
    stagnation: 'number',
  },
};

/** The fields that the panels need of a type of events; null where they draw none of that name. */
export function fieldsDrawn(type: string): Fields | null {
  return Object.hasOwn(DRAWN, type) ? DRAWN[type as PageEventName] : null;
}

const known = new WeakMap<PageEvent, boolean>();

/**
 * Tells if panels can draw an event. Its name alone does not say so: another catalog may have an event of the same name
 * with other data. Looked at once for each event.
 */
export function isDrawn(event: PageEvent): boolean;
export function isDrawn<N extends PageEventName>(
  event: PageEvent,
  type: N,
): event is Extract<PageEvent, { event_type: N }>;
export function isDrawn(event: PageEvent, type?: PageEventName): boolean {
  if (type !== undefined && event.event_type !== type) return false;
  let fits = known.get(event);
  if (fits === undefined) {
    const fields = fieldsDrawn(event.event_type);
    fits = fields !== null && Object.entries(fields).every(([path, is]) => typeAt(event.data, path) === is);
    known.set(event, fits);
  }
  return fits;
}

function typeAt(data: unknown, path: string): string {
  let value = data;
  for (const name of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}
