import type { Mode } from '../network/paths.ts';
import type { Random } from '../random.ts';
import type { Mood } from './script.ts';

/** A conversation's place in its arc. */
export interface Arc {
  readonly mood: Mood;
  /** Turns until the mood changes by itself. */
  readonly turnsLeft: number;
}

/** Shortest and longest stay in each mood, in turns. */
const TURNS: Readonly<Record<Mood, readonly [number, number]>> = {
  calm: [10, 12],
  repetition: [7, 8],
  // These two last until the measured stagnation switches the network's mode; the number only bounds them.
  stagnation: [40, 40],
  emergency: [40, 40],
  recovery: [7, 9],
};

const NEXT: Readonly<Record<Mood, Mood>> = {
  calm: 'repetition',
  repetition: 'stagnation',
  stagnation: 'recovery',
  emergency: 'recovery',
  recovery: 'calm',
};

/** The beginning of an arc. */
export function beginArc(random: Random): Arc {
  return enter('calm', random);
}

/** The arc one turn later: calm, repetition, stagnation until that is an emergency, recovery once it is over, calm. */
export function nextArc(arc: Arc, mode: Mode, random: Random): Arc {
  if (mode === 'emergency' && arc.mood !== 'emergency') return enter('emergency', random);
  if (mode === 'normal' && arc.mood === 'emergency') return enter('recovery', random);
  if (arc.turnsLeft > 0) return { ...arc, turnsLeft: arc.turnsLeft - 1 };
  // In an emergency there is nowhere to go before the network says so.
  return enter(mode === 'emergency' ? 'emergency' : NEXT[arc.mood], random);
}

function enter(mood: Mood, random: Random): Arc {
  const [least, most] = TURNS[mood];
  return { mood, turnsLeft: random.int(least, most) - 1 };
}
