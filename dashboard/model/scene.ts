import { type PageEvent, textAt } from '../events.ts';
import { entryAt } from './entry-at.ts';
import { stagnationAt } from './health.ts';
import { countUpTo, type Entry, type Log, rowOf } from './log.ts';
import { type Speaking, speakingAt, spokenAt } from './speaking.ts';

export type Message = Entry<'agent_message'>;

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

/** @param clock the place on the timeline, where it is after that of the row */
export function sceneAt(log: Log, row: number, clock = Number.NEGATIVE_INFINITY): Scene {
  const until = <T extends Entry>(entries: readonly T[]): readonly T[] => {
    const last = entries.at(-1);
    return !last || last.row <= row ? entries : entries.slice(0, countUpTo(entries, row, rowOf));
  };
  const { byType } = log;
  const rows = until(log.entries);
  const last = rows.at(-1);
  const isPast = rows !== log.entries;
  const now = Math.max(clock, last?.clock ?? 0);
  const at = isPast && last ? last.at + now - last.clock : Number.POSITIVE_INFINITY;
  const answers = until(byType.agent_processing).map((entry) => entryAt(entry, at));
  const messages = until(byType.agent_message);
  const network = until(byType.network_update).at(-1)?.event ?? null;
  const states = until(byType.simulation_state);
  const statuses = until(byType.system_status);
  const simulation = states.at(-1)?.event ?? null;
  return {
    entries: isPast ? rows.map((entry) => entryAt(entry, at)) : rows,
    messages,
    network,
    simulation,
    states,
    statuses,
    systems: latestPerNode(statuses),
    speaking: [
      ...speakingAt(answers, messages, last?.clock ?? 0),
      ...(isPast ? spokenAt(log, row, now) : []),
    ],
    mode: network ? modeOf(network) : (simulation?.data.mode ?? 'normal'),
    stagnation: simulation?.data.stagnation ?? stagnationAt(messages.at(-1)?.event.data.metadata),
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
