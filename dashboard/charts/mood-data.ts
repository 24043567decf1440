import { ARCHETYPE_IDS } from '../model/archetypes.ts';
import { stagnationAt } from '../model/health.ts';
import type { Entry } from '../model/log.ts';
import type { Message } from '../model/scene.ts';
import type { PlotData } from './plot-style.ts';

/** Messages that the mean is taken over. */
const MEAN_OF = 6;

/** x, the mean of the last few messages, and the scores of each agent. */
export function sentimentData(messages: readonly Message[]): PlotData {
  const clocks = messages.map(({ clock }) => clock);
  const scores = messages.map(({ event }) => event.data.sentiment.score);
  const mean = scores.map((_, index) => {
    const last = scores.slice(Math.max(0, index - MEAN_OF + 1), index + 1);
    return last.reduce((sum, score) => sum + score, 0) / last.length;
  });
  const perAgent = ARCHETYPE_IDS.map((id) =>
    messages.map(({ event }, index) => (event.data.agent_id === id ? (scores[index] ?? null) : null)),
  );
  return [clocks, mean, ...perAgent];
}

/** x and stagnation: what the simulation says of itself, or, where none does, what its messages say. */
export function stagnationData(
  states: readonly Entry<'simulation_state'>[],
  messages: readonly Message[],
  end: number,
): PlotData {
  const points =
    states.length > 0
      ? states.map(({ clock, event }) => ({ clock, value: event.data.stagnation }))
      : messages.flatMap(({ clock, event }) => {
          const value = stagnationAt(event.data.metadata);
          return value === null ? [] : [{ clock, value }];
        });
  const last = points.at(-1);
  if (last && last.clock < end) points.push({ ...last, clock: end });
  return [points.map(({ clock }) => clock), points.map(({ value }) => value)];
}
