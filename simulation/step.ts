import { isOpen, type Mode, type Path } from './network/paths.ts';
import type { Random } from './random.ts';

/** All that decides who speaks next. Times are ms of the run. */
export interface RunState {
  readonly agents: readonly string[];
  readonly paths: readonly Path[];
  readonly mode: Mode;
  /** Turns taken. */
  readonly tick: number;
  /** When the next turn is due. */
  readonly dueAt: number;
  /** Agent → the tick at which it last spoke. */
  readonly spoke: Readonly<Record<string, number>>;
  /** The last speaker and listener. */
  readonly last: { readonly from: string; readonly to: string } | null;
  /** Words from outside, and the agents that have not answered them yet. */
  readonly stimulus: { readonly text: string; readonly waiting: readonly string[] } | null;
  /** Turns in a row that led to nothing. */
  readonly failures: number;
}

/** A speaker and a listener. */
export interface Turn {
  readonly tick: number;
  readonly from: string;
  readonly to: string;
  /** Words from outside that the speaker has to answer besides, or null. */
  readonly stimulus: string | null;
  /** The time until the next turn is due, ms. */
  readonly paceMs: number;
}

/** Pace of the first round, in which everyone speaks once, and of all later ones: shortest and longest turn, ms. */
const OPENING_MS = [380, 500] as const;
const TURN_MS = [2200, 3000] as const;
/** Longest wait after turns that failed, ms. */
const LONGEST_WAIT_MS = 30_000;

/** Factor by which an agent that was addressed is likelier to speak, and to answer its speaker. */
const REPLY = 9;
/** Factor by which a path that only an emergency opens is likelier to be used. */
const URGENT = 3;

/** A run before its first turn. */
export function beginRun(agents: readonly string[], paths: readonly Path[]): RunState {
  return {
    agents,
    paths,
    mode: 'normal',
    tick: 0,
    dueAt: 0,
    spoke: {},
    last: null,
    stimulus: null,
    failures: 0,
  };
}

/** The next turn, or null when none is due yet; and the run after it. Nothing but the arguments decides. */
export function step(state: RunState, now: number, random: Random): { state: RunState; turn: Turn | null } {
  const open = state.paths.filter((path) => isOpen(path, state.mode));
  if (now < state.dueAt || open.length === 0) return { state, turn: null };
  const from = chooseSpeaker(state, open, random);
  const to = chooseListener(state, open, from, random);
  const { stimulus } = state;
  const answers = stimulus?.waiting.includes(from) ?? false;
  const paceMs = pace(state, random);
  const tick = state.tick + 1;
  return {
    turn: { tick, from, to, stimulus: stimulus && answers ? stimulus.text : null, paceMs },
    state: {
      ...state,
      tick,
      dueAt: now + paceMs,
      spoke: { ...state.spoke, [from]: tick },
      last: { from, to },
      stimulus: stimulus && {
        ...stimulus,
        waiting: stimulus.waiting.filter((agent) => agent !== from),
      },
    },
  };
}

function chooseSpeaker(
  { spoke, last, tick, agents }: RunState,
  open: readonly Path[],
  random: Random,
): string {
  const able = agents.filter((agent) => open.some(({ from }) => from === agent));
  // An agent may have any name, also one that every object has.
  const fresh = able.filter((agent) => !Object.hasOwn(spoke, agent));
  const others = able.filter((agent) => agent !== last?.from);
  const candidates = [fresh, others, able].find(({ length }) => length > 0) ?? able;
  return weighted(candidates, random, (agent) => {
    const silence = Math.min(tick - (Object.hasOwn(spoke, agent) ? (spoke[agent] ?? 0) : 0), 12);
    return (agent === last?.to ? REPLY : 0) + silence ** 2 / 12;
  });
}

function chooseListener({ last }: RunState, open: readonly Path[], from: string, random: Random): string {
  const ways = open.filter((path) => path.from === from);
  const way = weighted(ways, random, ({ to, type }) => {
    const reply = last?.to === from && last.from === to;
    return (reply ? REPLY : 1) * (type === 'emergency' ? URGENT : 1);
  });
  return way.to;
}

function pace({ tick, agents, failures }: RunState, random: Random): number {
  const [shortest, longest] = tick < agents.length ? OPENING_MS : TURN_MS;
  return Math.min(random.int(shortest, longest) * 2 ** Math.min(failures, 10), LONGEST_WAIT_MS);
}

/** One of several, the likelier the more its weight; weights are never negative. */
function weighted<T>(items: readonly T[], random: Random, weightOf: (item: T) => number): T {
  const weights = items.map(weightOf);
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, item] of items.entries()) {
    left -= weights[index] ?? 0;
    if (left < 0) return item;
  }
  return items[items.length - 1] as T;
}
