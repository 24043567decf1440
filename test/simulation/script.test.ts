import { describe, expect, test } from 'vitest';
import type { ResponseRequest } from '../../simulation/agent/responder.ts';
import { ARCHETYPE_IDS } from '../../simulation/archetypes.ts';
import { isOpen, PSYCHE_PATHS } from '../../simulation/network/paths.ts';
import { measureStagnation } from '../../simulation/network/stagnation.ts';
import { createRandom } from '../../simulation/random.ts';
import { Dialogue, DREAMS, fill, SCRIPTS } from '../../simulation/script/dialogue.ts';
import { EXCHANGES } from '../../simulation/script/exchanges.ts';
import { MOODS } from '../../simulation/script/script.ts';
import { SmallTalk } from '../../simulation/script/small-talk.ts';
import { Voice } from '../../simulation/script/voice.ts';

const linesOf = (id: (typeof ARCHETYPE_IDS)[number]): string[] => {
  const { toward, across, stimulus, ...moods } = SCRIPTS[id];
  return [...Object.values(moods), ...Object.values(toward), ...Object.values(across), stimulus].flat();
};

const ALL = [...ARCHETYPE_IDS.flatMap(linesOf), ...EXCHANGES.flatMap(({ says, answer }) => [says, answer])];

describe('the script', () => {
  test.each(ARCHETYPE_IDS)('gives %s at least 15 lines for every mood', (id) => {
    for (const mood of MOODS) expect(SCRIPTS[id][mood].length, mood).toBeGreaterThanOrEqual(15);
  });

  test('has no line twice, in any mood or for any agent', () => {
    expect(new Set(ALL).size).toBe(ALL.length);
  });

  test('fills every slot of a line with every dream, and begins every sentence with a capital', () => {
    for (const line of ALL) {
      for (const dream of DREAMS) {
        const text = fill(line, { ...dream, to: 'Ego', stimulus: 'Who are you?' });
        expect(text).not.toMatch(/[{}]|undefined/);
        expect(text).toMatch(/^["\p{Lu}]/u);
        expect(text).not.toMatch(/[.!?] the /);
      }
    }
  });

  test('refuses a line with a slot that nobody fills', () => {
    expect(() => fill('{who} is there?', {})).toThrow('{who}');
  });

  test('has lines for everyone who can be spoken to on a path', () => {
    for (const path of PSYCHE_PATHS) {
      const id = ARCHETYPE_IDS.find((known) => known === path.from);
      const listeners = id && Object.keys(isOpen(path, 'normal') ? SCRIPTS[id].toward : SCRIPTS[id].across);
      expect(listeners).toContain(path.to);
    }
  });

  test.each(ARCHETYPE_IDS)('does not repeat lines of %s in calm, emergency and recovery', (id) => {
    for (const mood of ['calm', 'emergency', 'recovery'] as const) {
      const voice = new Voice(SCRIPTS[id], createRandom(3));
      const said = Array.from({ length: 15 }, () => voice.line(mood, 'self'));
      expect(new Set(said).size).toBe(15);
      expect(measureStagnation(said)).toBeLessThan(0.48);
    }
  });

  test('repeats positions in the mood repetition, and ends in a refrain in stagnation', () => {
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

describe('exchanges', () => {
  const said = { from: 'ego', to: 'self', text: 'So.' };
  const heard = {
    heard: Array(5).fill(said),
    stagnation: 0,
    stimulus: null,
    paceMs: 0,
    signal: new AbortController().signal,
  };

  test('exist for every path: those of an emergency in an emergency, the others in calm and recovery', () => {
    const has = (mood: string, from: string, to: string) =>
      EXCHANGES.some((exchange) => exchange.mood === mood && exchange.from === from && exchange.to === to);
    for (const { from, to, type } of PSYCHE_PATHS) {
      expect(has('emergency', from, to)).toBe(type === 'emergency');
      expect(has('calm', from, to) && has('recovery', from, to)).toBe(type === 'normal');
    }
  });

  test('get an answer from the agent addressed, even if others speak in between', () => {
    let asks = 0;
    for (let seed = 0; seed < 20; seed++) {
      const dialogue = new Dialogue(createRandom(seed));
      const say = (from: string, to: string, more: Partial<ResponseRequest> = {}) =>
        dialogue.say({ ...heard, from, to, mode: 'normal', ...more });
      const question = say('shadow', 'self');
      const asked = EXCHANGES.find(({ says }) => says === question);
      say('persona', 'ego');
      const answer = say('self', 'shadow');
      if (!asked) continue;
      asks++;
      expect(answer).toBe(fill(asked.answer, { to: 'Shadow' }));
    }
    expect(asks).toBeGreaterThan(5);
  });

  test('do not repeat before all of their mood have come', () => {
    const talk = new SmallTalk(createRandom(1));
    const all = EXCHANGES.filter(({ mood }) => mood === 'recovery').map(({ says }) => says);
    const said: string[] = [];
    while (said.length < all.length) {
      for (const { from, to } of EXCHANGES) {
        const line = said.length < all.length ? talk.open('recovery', from, to) : undefined;
        if (line !== undefined) said.push(line);
      }
    }
    expect(said.toSorted()).toEqual(all.toSorted());
  });

  test('end on a stimulus from outside', () => {
    for (let seed = 0; seed < 50; seed++) {
      const dialogue = new Dialogue(createRandom(seed));
      const question = dialogue.say({ ...heard, from: 'shadow', to: 'self', mode: 'normal' });
      const asked = EXCHANGES.find(({ says }) => says === question);
      dialogue.say({ ...heard, from: 'ego', to: 'self', mode: 'normal', stimulus: 'Stop.' });
      const next = dialogue.say({ ...heard, from: 'self', to: 'shadow', mode: 'normal' });
      if (asked) expect(next).not.toBe(fill(asked.answer, { to: 'Shadow' }));
    }
  });
});
