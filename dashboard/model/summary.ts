import { numberAt, type PageEvent, textAt } from '../events.ts';
import { statusOf } from './answers.ts';
import { nameOf } from './archetypes.ts';
import { isDrawn } from './drawn.ts';
import { count, percent, plainText, shortened } from './format.ts';
import { healthOf } from './health.ts';
import { nodeOf } from './scene.ts';

const LONGEST = 300;

/** An event in a line. */
export function summaryOf(event: PageEvent): string {
  if (!isDrawn(event)) return plainSummary(event);
  switch (event.event_type) {
    case 'agent_message':
      return `${event.data.agent_type}: ${event.data.message}`;
    case 'network_update':
      return networkSummary(event.data);
    case 'system_status': {
      const { performance_metrics, error_count } = event.data;
      const { cpu_percent, memory_percent } = performance_metrics;
      return `${nodeOf(event)}: ${healthOf(event.data).words}, CPU ${percent(cpu_percent)}, memory ${percent(memory_percent)}, errors ${count(error_count)}`;
    }
    case 'agent_processing': {
      const { agent_id, to } = event.data;
      return `${nameOf(agent_id)} → ${nameOf(to)}: ${statusOf(event)}`;
    }
    case 'simulation_state': {
      const { status, tick, mode, stagnation, speed } = event.data;
      return `${status}, turn ${tick}, ${mode}, stagnation ${stagnation.toFixed(2)}, ${speed}×`;
    }
    case 'agent_question':
      return `${nameOf(event.data.agent_id)}: ${event.data.question}`;
    case 'viewer':
      return event.data.name;
  }
}

function networkSummary({ event_type, details, connections }: PageEvent<'network_update'>['data']): string {
  const from = textAt(details, 'from');
  const to = textAt(details, 'to');
  const queue = numberAt(details, 'queue_size');
  const way = from && to ? `: ${nameOf(from)} → ${nameOf(to)}` : '';
  const queued = queue === null ? '' : `, ${queue} queued`;
  const open = connections.filter(({ is_active }) => is_active).length;
  return `${event_type.replaceAll('_', ' ')}${way}${queued}, ${open} paths open`;
}

/** Any event: a server may have some that this page has never heard of. */
function plainSummary(event: { data: unknown }): string {
  return shortened(plainText(event.data), LONGEST);
}
