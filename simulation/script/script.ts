import type { ArchetypeId } from '../archetypes.ts';

/** The moods of a conversation, in the order of its arc. */
export const MOODS = ['calm', 'repetition', 'stagnation', 'emergency', 'recovery'] as const;
export type Mood = (typeof MOODS)[number];

type Addressed = Readonly<Partial<Record<ArchetypeId, readonly string[]>>>;

/**
 * The lines of an archetype. A line may have slots: `{to}` (the name of whom it speaks to), `{image}` and `{detail}`
 * (the dream that the conversation is about), and in answers to a stimulus `{stimulus}`.
 *
 * `repetition`: a position, to be taken again and again · `stagnation`: a refrain.
 */
export interface Script extends Readonly<Record<Mood, readonly string[]>> {
  /** In calm, lines for one listener only. */
  readonly toward: Addressed;
  /** In an emergency, lines for those to whom only an emergency opens a path. */
  readonly across: Addressed;
  /** Answers to what is injected from outside. */
  readonly stimulus: readonly string[];
}
