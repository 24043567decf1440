import type { EventInput } from '../../shared/index.ts';

/** A valid `agent_message` whose text is `message`. */
export function agentMessage(message: string | number): EventInput<'agent_message'> {
  return {
    agent_id: 'shadow',
    agent_type: 'Shadow',
    message: String(message),
    sentiment: { score: 0.25, label: 'positive' },
    metadata: { interaction_count: 1 },
  };
}

/** A valid `system_status` with that CPU load. */
export function systemStatus(cpu_percent = 10): EventInput<'system_status'> {
  return {
    health_status: 'healthy',
    performance_metrics: { cpu_percent, memory_percent: 20 },
    active_agents: 5,
    error_count: 0,
    metadata: {},
  };
}
