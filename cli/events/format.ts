import { styleText } from 'node:util';
import {
  type AnyEvent,
  isStreamNotice,
  psycheEvents,
  type StreamNotice,
  transformer,
} from '../../shared/index.ts';
import { printable } from '../printable.ts';

interface Item {
  topic?: string;
  event_type: string;
  timestamp: string;
  data: unknown;
  by?: string | undefined;
  open?: { id: string; kind: string; state: string; reason?: string | undefined } | undefined;
  answer?: unknown;
}

type Style = Parameters<typeof styleText>[0];

/** An item as one coloured line, for people. @param time stands first. @default that of the day, in UTC */
export function toText(item: Item, time = new Date(item.timestamp).toISOString().slice(11, 23)): string {
  const [style, text]: [Style, string] = isOurs(item) ? describe(item) : ['bold', plain(item.data)];
  const where = styleText('dim', item.topic === undefined ? time : `${time} ${item.topic}`);
  const by = item.by === undefined ? '' : styleText('dim', ` by ${printable(item.by)}`);
  return `${where} ${styleText(style, printable(item.event_type))}${stateOf(item)}${by} ${printable(text + endOf(item))}`;
}

/** The state of an open event, with the id by which it is answered. */
function stateOf({ open }: Item): string {
  return open ? ` ${printable(open.state)} ${styleText('dim', printable(open.id))}` : '';
}

/** The answer to a question, or why an owner gave its event up. */
function endOf({ open, answer }: Item): string {
  if (answer !== undefined) return ` → ${plain(answer)}`;
  return open?.reason === undefined ? '' : ` (${open.reason})`;
}

function describe(item: AnyEvent | StreamNotice): [Style, string] {
  switch (item.event_type) {
    case 'agent_message': {
      const { agent_id, agent_type, message, sentiment } = item.data;
      const score = `${sentiment.score < 0 ? '−' : '+'}${Math.abs(sentiment.score).toFixed(2)}`;
      return ['cyan', `${agent_type} ${agent_id} ${score}: ${message}`];
    }
    case 'network_update': {
      const { connections, event_type } = item.data;
      const active = connections.filter(({ is_active }) => is_active).length;
      const emergency = connections.filter(({ type }) => type === 'emergency').length;
      return [
        'magenta',
        `${event_type}: ${connections.length} paths, ${active} active, ${emergency} emergency`,
      ];
    }
    case 'system_status': {
      const { health_status, performance_metrics, active_agents, error_count } = item.data;
      const { cpu_percent, memory_percent } = performance_metrics;
      const load = `CPU ${Math.round(cpu_percent)} %, memory ${Math.round(memory_percent)} %`;
      const style = ({ healthy: 'green', warning: 'yellow', error: 'red' } as const)[health_status];
      return [style, `${health_status}: ${load}, ${active_agents} agents, ${error_count} errors`];
    }
    case 'stream_gap':
      if (item.data.reason === 'erased') return ['dim', `${item.data.lost} events erased`];
      return ['red', `${item.data.lost ?? 'an unknown number of'} events lost: ${item.data.reason}`];
    case 'stream_synced':
      return ['dim', 'live from here'];
  }
}

/** Servers may have other catalogs. */
function isOurs(item: Item): item is AnyEvent | StreamNotice {
  if (isStreamNotice(item)) return true;
  return Object.entries(psycheEvents.schemas).some(
    ([type, schema]) => type === item.event_type && schema.safeParse(item.data).success,
  );
}

/** Data as JSON; what JSON does not have, a Date, a bigint, a Map, as superjson writes it. */
function plain(data: unknown): string {
  return JSON.stringify(transformer.serialize(data).json);
}
