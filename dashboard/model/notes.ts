import type { PageEvent } from '../events.ts';
import { nameOf } from './archetypes.ts';
import { numberAt } from './fields.ts';
import { nodeOf } from './scene.ts';

/** What gave a conversation a turn, in a line. */
export interface Note {
  readonly tone: 'emergency' | 'calm' | 'error' | 'plain';
  readonly title: string;
  readonly text: string;
}

/** Finds what is worth a note in events read one after the other: mostly changes against the event before. */
export function createNoteTaker(): (event: PageEvent) => Note | null {
  let simulation: PageEvent<'simulation_state'>['data'] | null = null;
  const health = new Map<string, string>();

  return (event) => {
    switch (event.event_type) {
      case 'network_update':
        return modeNote(event);
      case 'agent_processing':
        return event.data.status === 'error'
          ? {
              tone: 'error',
              title: `${nameOf(event.data.agent_id)} could not answer`,
              text: event.data.message,
            }
          : null;
      case 'simulation_state': {
        const before = simulation;
        simulation = event.data;
        return simulationNote(event.data, before);
      }
      case 'system_status': {
        const node = nodeOf(event);
        const { health_status: status } = event.data;
        const before = health.get(node);
        health.set(node, status);
        if (status === (before ?? 'healthy')) return null;
        return {
          tone: status === 'healthy' ? 'calm' : 'error',
          title: `${node} is ${status === 'healthy' ? 'healthy again' : `in state “${status}”`}`,
          text: '',
        };
      }
      default:
        return null;
    }
  };
}

function modeNote({ data }: PageEvent<'network_update'>): Note | null {
  const stagnation = numberAt(data.details, 'stagnation');
  const value = stagnation === null ? '' : `stagnation ${stagnation.toFixed(2)}`;
  if (data.event_type === 'emergency_mode_activated') {
    return { tone: 'emergency', title: 'Emergency: four more paths are open', text: value };
  }
  if (data.event_type === 'emergency_mode_deactivated') {
    return { tone: 'calm', title: 'The emergency is over', text: value };
  }
  return null;
}

type State = PageEvent<'simulation_state'>['data'];

function simulationNote(state: State, before: State | null): Note | null {
  if (state.stimulus !== null && state.stimulus !== before?.stimulus) {
    return { tone: 'plain', title: 'From outside', text: state.stimulus };
  }
  if (before && (state.tick < before.tick || state.seed !== before.seed)) {
    return { tone: 'plain', title: 'A new run', text: `seed ${state.seed}` };
  }
  return null;
}
