import type { ArchetypeId } from '../archetypes.ts';

/** A way on which one agent may speak to another. */
export interface Path {
  readonly from: string;
  readonly to: string;
  /** `emergency` paths are open in emergency mode only. */
  readonly type: 'normal' | 'emergency';
}

/** The mode decides which paths are open: the normal ones, or in an emergency all. */
export type Mode = 'normal' | 'emergency';

const NORMAL: readonly [ArchetypeId, ArchetypeId][] = [
  ['shadow', 'persona'],
  ['self', 'ego'],
  ['anima_animus', 'ego'],
  ['shadow', 'self'],
  ['persona', 'ego'],
];

const EMERGENCY: readonly [ArchetypeId, ArchetypeId][] = [
  ['shadow', 'anima_animus'],
  ['persona', 'self'],
  ['shadow', 'ego'],
  ['anima_animus', 'persona'],
];

/** Paths between the agents of the psyche: five normal paths and four emergency paths, each in both directions. */
export const PSYCHE_PATHS: readonly Path[] = [
  ...bothWays(NORMAL, 'normal'),
  ...bothWays(EMERGENCY, 'emergency'),
];

/** Tells if a path may be used in a mode. */
export function isOpen(path: Path, mode: Mode): boolean {
  return path.type === 'normal' || mode === 'emergency';
}

function bothWays(pairs: readonly [string, string][], type: Path['type']): Path[] {
  return pairs.flatMap(([a, b]) => [
    { from: a, to: b, type },
    { from: b, to: a, type },
  ]);
}
