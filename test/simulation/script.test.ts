import { describe, expect, test } from 'vitest';
import { ARCHETYPE_IDS } from '../../simulation/archetypes.ts';
import { isOpen, PSYCHE_PATHS } from '../../simulation/paths.ts';
import { createRandom } from '../../simulation/random.ts';
import { SCRIPTS } from '../../simulation/script/dialogue.ts';
import { DREAMS } from '../../simulation/script/dreams.ts';
import { fill } from '../../simulation/script/fill.ts';
import { MOODS } from '../../simulation/script/script.ts';
import { Voice } from '../../simulation/script/voice.ts';
import { measureStagnation } from '../../simulation/stagnation.ts';

const linesOf = (id: (typeof ARCHETYPE_IDS)[number]): string[] => {
  const { toward, across, stimulus, ...moods } = SCRIPTS[id];
  return [...Object.values(moods), ...Object.values(toward), ...Object.values(across), stimulus].flat();
};

describe('script', () => {
  test.each(ARCHETYPE_IDS)('%s has at least 15 lines for every mood', (id) => {
    for (const mood of MOODS) expect(SCRIPTS[id][mood].length, mood).toBeGreaterThanOrEqual(15);
  });

  test('no line is there twice, in any mood or mouth', () => {
    const lines = ARCHETYPE_IDS.flatMap(linesOf);
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('every line reads well with every dream: no slot is left, every sentence begins with a capital', () => {
    for (const line of ARCHETYPE_IDS.flatMap(linesOf)) {
      for (const dream of DREAMS) {
        const text = fill(line, { ...dream, to: 'Ego', stimulus: 'Who are you?' });
        expect(text).not.toMatch(/[{}]|undefined/);
        expect(text).toMatch(/^["\p{Lu}]/u);
        expect(text).not.toMatch(/[.!?] the /);
      }
    }
  });

  test('a slot that nobody fills is an error', () => {
    expect(() => fill('{who} is there?', {})).toThrow('{who}');
  });

  test('whoever can be spoken to on a path has lines of their own', () => {
    for (const path of PSYCHE_PATHS) {
      const id = ARCHETYPE_IDS.find((known) => known === path.from);
      const listeners = id && Object.keys(isOpen(path, 'normal') ? SCRIPTS[id].toward : SCRIPTS[id].across);
      expect(listeners).toContain(path.to);
    }
  });

  test.each(ARCHETYPE_IDS)('%s does not repeat itself in calm, emergency and recovery', (id) => {
    for (const mood of ['calm', 'emergency', 'recovery'] as const) {
      const voice = new Voice(SCRIPTS[id], createRandom(3));
      const said = Array.from({ length: 15 }, () => voice.line(mood, 'self'));
      expect(new Set(said).size).toBe(15);
      expect(measureStagnation(said)).toBeLessThan(0.48);
    }
  });

  test('in repetition a position is taken twice; in stagnation it ends in a refrain', () => {
    const voice = new Voice(SCRIPTS.ego, createRandom(3));
    const [position, again] = [voice.line('repetition', 'self'), voice.line('repetition', 'self')];
    expect(again).toContain(position);
    expect(again.length).toBeGreaterThan(position.length);
    const [last, refrain, refrainAgain] = Array.from({ length: 3 }, () => voice.line('stagnation', 'self'));
    expect(last?.startsWith(position)).toBe(true);
    expect(SCRIPTS.ego.stagnation).toContain(refrain);
    expect(refrainAgain).toBe(refrain);
  });
});
