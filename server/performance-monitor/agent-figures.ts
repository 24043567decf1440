/** Figures of one agent; the `agents` of a simulation fit. */
export interface AgentFigures {
  /** Answers given. */
  readonly interactions: number;
  /** Answers that did not come. */
  readonly errors: number;
  /** Time from being asked to the end of the answer, ms; null before the first. */
  readonly lastLatencyMs: number | null;
  readonly meanLatencyMs: number | null;
  readonly maxLatencyMs: number | null;
}

/** Agents by their ids. */
export type AgentsById = Readonly<Record<string, AgentFigures>>;

/** All agents in two figures, for `performance_metrics`; none before the first answer. */
export function agentMetrics(agents: AgentsById): Record<string, number> {
  const answered = Object.values(agents).filter(({ interactions }) => interactions > 0);
  if (answered.length === 0) return {};
  const sum = (of: (agent: AgentFigures) => number): number =>
    answered.reduce((total, agent) => total + of(agent), 0);
  const total = sum(({ interactions, meanLatencyMs }) => interactions * (meanLatencyMs ?? 0));
  return {
    agent_latency_mean_ms: Math.round(total / sum(({ interactions }) => interactions)),
    agent_latency_max_ms: Math.round(Math.max(...answered.map(({ maxLatencyMs }) => maxLatencyMs ?? 0))),
  };
}

/** Each agent by itself, for `metadata.agents`. */
export function agentMetadata(agents: AgentsById): Record<string, Record<string, number | null>> {
  const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
  return Object.fromEntries(
    Object.entries(agents).map(
      ([id, { interactions, errors, lastLatencyMs, meanLatencyMs, maxLatencyMs }]) => [
        id,
        {
          interactions,
          errors,
          latency_last_ms: rounded(lastLatencyMs),
          latency_mean_ms: rounded(meanLatencyMs),
          latency_max_ms: rounded(maxLatencyMs),
        },
      ],
    ),
  );
}
