import { numberAt, type PageEvent, textAt } from '../events.ts';
import { statusOf } from './answers.ts';
import { countUpTo, type Entry, type Log } from './log.ts';

export type Message = Entry<'agent_message'>;

/** An answer that is being given at the moment. */
export interface Speaking {
  readonly agent: string;
  readonly name: string;
  readonly to: string;
  readonly turn: number;
  /** The words of it that were said so far. */
  readonly text: string;
}

/** The state at a moment: the log up to a row, and the latest event of each kind. */
export interface Scene {
  /** All entries up to the moment. */
  readonly entries: readonly Entry[];
  readonly messages: readonly Message[];
  readonly network: PageEvent<'network_update'> | null;
  readonly simulation: PageEvent<'simulation_state'> | null;
  readonly states: readonly Entry<'simulation_state'>[];
  readonly statuses: readonly Entry<'system_status'>[];
  /** The latest status of each node, the last heard first. */
  readonly systems: readonly Entry<'system_status'>[];
  readonly speaking: readonly Speaking[];
  readonly mode: 'normal' | 'emergency';
  /** 0 to 1, or null when nobody has said. */
  readonly stagnation: number | null;
}

/** An answer of which nobody has heard for so long, on the timeline, has been given up; one that is open has not. */
const SPEAKING_MS = 30_000;

export function sceneAt(log: Log, row: number): Scene {
  const until = <T extends Entry>(entries: readonly T[]): readonly T[] => {
    const last = entries.at(-1);
    return !last || last.row <= row
      ? entries
      : entries.slice(
          0,
          countUpTo(entries, row, (entry) => entry.row),
        );
  };
  const { byType } = log;
  const entries = until(log.entries);
  const messages = until(byType.agent_message);
  const network = until(byType.network_update).at(-1)?.event ?? null;
  const states = until(byType.simulation_state);
  const statuses = until(byType.system_status);
  const simulation = states.at(-1)?.event ?? null;
  return {
    entries,
    messages,
    network,
    simulation,
    states,
    statuses,
    systems: latestPerNode(statuses),
    speaking: speakingAt(until(byType.agent_processing), messages, entries.at(-1)?.clock ?? 0, {
      isPast: entries !== log.entries,
    }),
    mode: network ? modeOf(network) : (simulation?.data.mode ?? 'normal'),
    stagnation: simulation?.data.stagnation ?? numberAt(messages.at(-1)?.event.data.metadata, 'stagnation'),
  };
}

/** The mode a network is in: that an emergency path is open says it, too. */
export function modeOf({ data }: PageEvent<'network_update'>): Scene['mode'] {
  const mode = textAt(data.details, 'mode');
  if (mode === 'emergency' || mode === 'normal') return mode;
  return data.connections.some(({ type, is_active }) => type === 'emergency' && is_active)
    ? 'emergency'
    : 'normal';
}

/** The name of the process that an event comes from. */
export function nodeOf({ data }: PageEvent<'system_status'>): string {
  return textAt(data.metadata, 'node') ?? 'server';
}

function latestPerNode(entries: readonly Entry<'system_status'>[]): Entry<'system_status'>[] {
  const latest = new Map<string, Entry<'system_status'>>();
  for (const entry of entries.slice(-60).reverse()) {
    const node = nodeOf(entry.event);
    if (!latest.has(node)) latest.set(node, entry);
  }
  return [...latest.values()];
}

/** Agents that have begun to answer, and whose message has not come yet. */
function speakingAt(
  entries: readonly Entry<'agent_processing'>[],
  messages: readonly Message[],
  clock: number,
  { isPast }: { isPast: boolean },
): Speaking[] {
  const hasSpoken = ({ event, row }: Entry<'agent_processing'>): boolean => {
    const said = messages.findLast((message) => message.event.data.agent_id === event.data.agent_id);
    return said !== undefined && said.row > row;
  };
  const latest = new Map<string, Speaking | null>();
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index];
    if (!entry) break;
    const { data, open: part } = entry.event;
    if (latest.has(data.agent_id)) continue;
    if (part?.state !== 'open' && clock - entry.clock > SPEAKING_MS) continue;
    const { agent_id: agent, agent_type: name, to, turn } = data;
    const status = statusOf(entry.event);
    // The past does not know the end yet: an answer that is done by now was spoken until its message came.
    const wasOpen = isPast && part?.state === 'done';
    const isOpen = status === 'started' || status === 'update' || wasOpen;
    const text = wasOpen ? '' : data.text;
    latest.set(agent, isOpen && !hasSpoken(entry) ? { agent, name, to, turn, text } : null);
  }
  return [...latest.values()].filter((speaking) => speaking !== null).reverse();
}
