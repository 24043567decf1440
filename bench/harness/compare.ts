import type { Pace } from '../processes/publish.ts';
import { type Cost, measure, openPair, type Pair, type PairOptions, wholeRounds } from './pair.ts';
import { mean, median } from './stats.ts';

/** Time and rounds of a comparison. */
export interface Effort {
  /** Rounds in which every competitor has its turn. */
  readonly rounds: number;
  /** Server CPU that one turn should take, in milliseconds. */
  readonly turnMs: number;
}

export interface Compared extends Cost {
  /** Cost of each round. */
  readonly rounds: readonly Cost[];
}

/** CPU of the server process for a delivery. */
const all = ({ microsPerDelivery }: Cost): number => microsPerDelivery;

/** The part of it that is not the operating system's. */
export const own = ({ microsPerDelivery, kernelMicrosPerDelivery }: Cost): number =>
  microsPerDelivery - kernelMicrosPerDelivery;

/**
 * The cost of one relative to another: the median of all rounds' ratios. Both had their turns within
 * moments of each other, so what the machine did meanwhile cancels out better than between two medians.
 */
export function ratio(one: Compared, other: Compared): number {
  return median(
    one.rounds.flatMap((cost, round) => {
      const beside = other.rounds[round];
      return beside ? [all(cost) / all(beside)] : [];
    }),
  );
}

/** The own time of one relative to another's, of all rounds together. */
export function ownRatio(one: Compared, other: Compared): number {
  return own(one) / own(other);
}

/**
 * Runs competitors in turns, A B C C B A, so that a noisy moment of the machine hits all of them; medians. All of
 * them stay connected throughout, the ones that wait cost nothing.
 */
export async function compare<K extends string>(
  competitors: Readonly<Record<K, PairOptions>>,
  pace: Pace,
  { rounds, turnMs }: Effort,
): Promise<Record<K, Compared>> {
  const names = Object.keys(competitors) as K[];
  const pairs = new Map<K, Pair>();
  try {
    for (const name of names) pairs.set(name, await openPair(competitors[name]));
    const events = new Map<K, number>();
    for (const [name, pair] of pairs) events.set(name, await warmUp(pair, pace, turnMs));
    const costs = new Map<K, Cost[]>(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, pair] of round % 2 === 0 ? pairs : [...pairs].reverse()) {
        costs.get(name)?.push(await takeTurn(pair, events.get(name) ?? 0, pace));
      }
    }
    return Object.fromEntries([...costs].map(([name, list]) => [name, summary(list)])) as Record<K, Compared>;
  } finally {
    for (const pair of pairs.values()) await pair[Symbol.asyncDispose]();
  }
}

/** A few events first: what the others left in the processor's caches is not this one's cost. */
async function takeTurn(pair: Pair, events: number, pace: Pace): Promise<Cost> {
  await measure(pair, wholeRounds(pair, events / 5), pace);
  return measure(pair, events, pace);
}

/** Lets the compiler see the path, and finds out how many events make a turn. */
async function warmUp(pair: Pair, pace: Pace, turnMs: number): Promise<number> {
  const perTick = 'perTick' in pace ? pace.perTick : 1;
  // A topic's first event opens it, for all whose pattern it matches: a cost of its own.
  if (pair.topics > 1) await measure(pair, wholeRounds(pair, pair.topics), pace);
  let events = wholeRounds(pair, perTick);
  let spentMs = 0;
  while (spentMs < turnMs) {
    const { microsPerDelivery } = await measure(pair, events, pace);
    const eventMs = (microsPerDelivery * pair.subscribers) / pair.groups / 1000;
    spentMs += eventMs * events;
    // Towards a turn's worth, by at most tenfold: the first events are slow ones.
    const worth = Math.ceil(turnMs / eventMs / perTick) * perTick;
    events = wholeRounds(pair, Math.min(events * 10, worth));
  }
  return Math.max(events, 3 * perTick);
}

/**
 * Medians, but for the kernel's part: the kernel tells it from the process's own by what runs at each of its ticks, some
 * 30 in a turn of 100 ms, so that of equal turns differs by a third. Its share is the mean of all rounds'.
 */
function summary(costs: readonly Cost[]): Compared {
  const microsPerDelivery = median(costs.map(all));
  const kernelShare = mean(costs.map((cost) => cost.kernelMicrosPerDelivery / all(cost)));
  return {
    rounds: costs,
    microsPerDelivery,
    kernelMicrosPerDelivery: microsPerDelivery * kernelShare,
    bytesPerDelivery: median(costs.map((cost) => cost.bytesPerDelivery)),
  };
}
