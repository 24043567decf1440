import { type PageEvent, textAt } from '../events.ts';
import { type ArchetypeId, isArchetype, NORMAL_PATHS } from '../model/archetypes.ts';
import type { Message, Scene } from '../model/scene.ts';

/** A path as it is drawn. */
export interface Edge {
  /** Unlike that of any other path of the moment. */
  readonly key: string;
  /** Its two ends; see {@link wayOf}. */
  readonly way: string;
  readonly from: ArchetypeId;
  readonly to: ArchetypeId;
  readonly type: 'normal' | 'emergency';
  readonly strength: number;
  /** True if it can be used. */
  readonly isActive: boolean;
  /** Messages on it in the last minutes, relative to the busiest path: 0 to 1. */
  readonly share: number;
  /** True if something was said on it just now. */
  readonly isRecent: boolean;
}

const RECENT_MS = 12_000;
/** Time that the width of a path looks back on. Queues only grow: after an hour they are full, and all alike. */
const LATELY_MS = 300_000;
/** Messages below which even the busiest path is not drawn at full width. */
const LEAST_BUSY = 10;

/**
 * The paths at a moment. While no network has been seen: the normal ones, idle. Of several paths of one type from one agent to
 * another, as a publisher may tell them, the last one counts.
 */
export function edgesOf(scene: Scene): Edge[] {
  const clock = scene.entries.at(-1)?.clock ?? 0;
  const recent = countWays(scene.messages, clock - RECENT_MS);
  const lately = countWays(scene.messages, clock - LATELY_MS);
  const busiest = Math.max(LEAST_BUSY, ...lately.values());
  const connections: Connections = scene.network?.data.connections ?? IDLE;
  const edges = connections.flatMap(({ from, to, type, strength, is_active: isActive }): Edge[] => {
    if (!isArchetype(from) || !isArchetype(to) || from === to) return [];
    const way = `${from} ${to}`;
    const share = (lately.get(way) ?? 0) / busiest;
    const key = `${way} ${type}`;
    return [{ key, way, from, to, type, strength, isActive, share, isRecent: recent.has(way) }];
  });
  return [...new Map(edges.map((edge) => [edge.key, edge])).values()];
}

type Connections = PageEvent<'network_update'>['data']['connections'];

const IDLE: Connections = NORMAL_PATHS.flatMap(([a, b]) =>
  [[a, b] as const, [b, a] as const].map(([from, to]) => ({
    from,
    to,
    type: 'normal' as const,
    strength: 0,
    is_active: true,
  })),
);

/** The way a message took, as an edge has it, or null. */
export function wayOf({ event }: Message): string | null {
  const to = textAt(event.data.metadata, 'to');
  return to && isArchetype(to) && isArchetype(event.data.agent_id) ? `${event.data.agent_id} ${to}` : null;
}

/** Messages of each agent, where no network says how many there were. */
export function countMessages(messages: readonly Message[]) {
  // An agent may have any name, also `__proto__`.
  const counts = new Map<string, { sent: number; received: number }>();
  const of = (agent: string) => {
    const count = counts.get(agent) ?? { sent: 0, received: 0 };
    counts.set(agent, count);
    return count;
  };
  for (const { event } of messages) {
    of(event.data.agent_id).sent++;
    const to = textAt(event.data.metadata, 'to');
    if (to) of(to).received++;
  }
  return Object.fromEntries(counts);
}

/** Messages on each way since a place of the timeline. */
function countWays(messages: readonly Message[], since: number): ReadonlyMap<string, number> {
  const ways = new Map<string, number>();
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    if (!message || message.clock < since) break;
    const way = wayOf(message);
    if (way) ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  return ways;
}
