import type { ArchetypeId } from '../../simulation/index.ts';

export type { ArchetypeId };

// The simulation's own data would bring all of the simulation with it; a test keeps the two the same.

/** Names of the agents, in the order of their keys. */
const NAMES: Readonly<Record<ArchetypeId, string>> = {
  shadow: 'Shadow',
  persona: 'Persona',
  anima_animus: 'Anima/Animus',
  self: 'Self',
  ego: 'Ego',
};

export const ARCHETYPE_IDS = Object.keys(NAMES) as ArchetypeId[];

/** Agents that can always speak to each other; the others only in an emergency. */
export const NORMAL_PATHS: readonly (readonly [ArchetypeId, ArchetypeId])[] = [
  ['shadow', 'persona'],
  ['self', 'ego'],
  ['anima_animus', 'ego'],
  ['shadow', 'self'],
  ['persona', 'ego'],
];

export function isArchetype(agent: string): agent is ArchetypeId {
  return Object.hasOwn(NAMES, agent);
}

/** The name of an agent. */
export function nameOf(agent: string): string {
  return isArchetype(agent) ? NAMES[agent] : agent;
}
