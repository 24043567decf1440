import { describe, expect, test } from 'vitest';
import { ARCHETYPE_IDS } from '../../simulation/archetypes.ts';
import { isOpen, type Mode, PSYCHE_PATHS } from '../../simulation/network/paths.ts';
import { createRandom } from '../../simulation/random.ts';
import { beginRun, type RunState, step, type Turn } from '../../simulation/step.ts';

const begin = (): RunState => beginRun(ARCHETYPE_IDS, PSYCHE_PATHS);

function take(count: number, seed: number, start = begin()): { turns: Turn[]; state: RunState } {
  const random = createRandom(seed);
  const turns: Turn[] = [];
  let state = start;
  while (turns.length < count) {
    const next = step(state, state.dueAt, random);
    state = next.state;
    if (next.turn) turns.push(next.turn);
  }
  return { turns, state };
}

const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

describe('step', () => {
  test('depends only on state, time and chance, and does not change the given state', () => {
    const state = Object.freeze(begin());
    const once = step(state, 0, createRandom(7));
    expect(step(state, 0, createRandom(7))).toEqual(once);
    expect(state).toEqual(begin());
    expect(take(100, 7)).toEqual(take(100, 7));
    expect(take(100, 7)).not.toEqual(take(100, 8));
  });

  test('takes no turn before it is due', () => {
    const { state } = step(begin(), 0, createRandom(1));
    expect(step(state, state.dueAt - 1, createRandom(1))).toEqual({ state, turn: null });
    expect(step(state, state.dueAt, createRandom(1)).turn).toMatchObject({ tick: 2 });
  });

  test.each(SEEDS)('lets every agent speak once in the first five turns, within 2.1 s (seed %i)', (seed) => {
    const { turns } = take(5, seed);
    expect(new Set(turns.map(({ from }) => from)).size).toBe(5);
    expect(turns.slice(0, 4).reduce((ms, { paceMs }) => ms + paceMs, 0)).toBeLessThan(2100);
  });

  test.each(['normal', 'emergency'] as Mode[])(
    'uses all open paths, and no path that is not open, in %s mode',
    (mode) => {
      const open = PSYCHE_PATHS.filter((path) => isOpen(path, mode)).map(({ from, to }) => `${from} → ${to}`);
      const { turns } = take(600, 1, { ...begin(), mode });
      expect(new Set(turns.map(({ from, to }) => `${from} → ${to}`))).toEqual(new Set(open));
    },
  );

  test.each(SEEDS)(
    'lets no agent speak twice in a row, or be silent for more than 20 turns (seed %i)',
    (seed) => {
      const { turns } = take(300, seed);
      const spoke = new Map<string, number>();
      for (const { from, tick } of turns) {
        expect(tick - (spoke.get(from) ?? 0)).toBeLessThanOrEqual(20);
        expect(spoke.get(from)).not.toBe(tick - 1);
        spoke.set(from, tick);
      }
    },
  );

  test('lets an addressed agent answer most of the time', () => {
    const { turns } = take(400, 2);
    const answered = turns.filter(({ from }, index) => turns[index - 1]?.to === from).length;
    expect(answered / turns.length).toBeGreaterThan(0.4);
  });

  test('brings a stimulus to each agent once', () => {
    const { turns } = take(60, 5, { ...begin(), stimulus: { text: 'Wake up.', waiting: ARCHETYPE_IDS } });
    const told = turns.filter(({ stimulus }) => stimulus === 'Wake up.').map(({ from }) => from);
    expect(told.toSorted()).toEqual(ARCHETYPE_IDS.toSorted());
  });

  test('delays the next turn after failures more and more, up to 30 s', () => {
    const paces = [0, 1, 2, 3, 4, 20].map((failures) => {
      const { turns } = take(1, 4, { ...begin(), tick: 9, failures });
      return turns[0]?.paceMs ?? 0;
    });
    expect(paces).toEqual(paces.toSorted((a, b) => a - b));
    expect(paces[1]).toBe(2 * (paces[0] ?? 0));
    expect(paces.at(-1)).toBe(30_000);
  });

  test('takes no turn without an open path', () => {
    expect(step(beginRun(['a', 'b'], []), 0, createRandom(1)).turn).toBeNull();
  });
});
