import type { EventInput } from '../../shared/index.ts';
import { PSYCHE_PATHS, type SimulationCatalog } from '../../simulation/index.ts';

type Input<N extends keyof SimulationCatalog['schemas'] & string> = EventInput<N, SimulationCatalog>;

/** Something that one agent says to another. */
export function said(message: string, data: Partial<Input<'agent_message'>> = {}): Input<'agent_message'> {
  return {
    agent_id: 'shadow',
    agent_type: 'Shadow',
    message,
    sentiment: { score: 0.25, label: 'positive' },
    metadata: { to: 'persona', mode: 'normal' },
    ...data,
  };
}

/** The network in a mode; `strength` is that of all paths. */
export function network(mode: 'normal' | 'emergency', strength = 0.1): Input<'network_update'> {
  return {
    connections: PSYCHE_PATHS.map((path) => ({
      ...path,
      strength,
      is_active: path.type === 'normal' || mode === 'emergency',
    })),
    communication_stats: { shadow: { sent: 1, received: 0 } },
    event_type: mode === 'emergency' ? 'emergency_mode_activated' : 'message_sent',
    details: { mode },
  };
}

/** A simulation's state with that stagnation. */
export function state(stagnation: number, tick = 1): Input<'simulation_state'> {
  return {
    status: 'running',
    seed: 1,
    speed: 1,
    tick,
    mode: stagnation > 0.6 ? 'emergency' : 'normal',
    stagnation,
    stimulus: null,
  };
}

/** A system status with that processor load. */
export function status(cpu_percent: number): Input<'system_status'> {
  return {
    health_status: cpu_percent > 90 ? 'error' : cpu_percent > 70 ? 'warning' : 'healthy',
    performance_metrics: { cpu_percent, memory_percent: 20, thread_count: 11, open_files: 30 },
    active_agents: 5,
    error_count: 0,
    metadata: { node: 'one' },
  };
}
