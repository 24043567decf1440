import type { PageEvent } from '../events.ts';
import { failureOf } from './answers.ts';
import { nameOf } from './archetypes.ts';
import { isDrawn } from './drawn.ts';
import { stagnationAt } from './health.ts';

/** Describes an event that gave a conversation a turn, in a line. */
export interface Note {
  readonly tone: 'emergency' | 'calm' | 'error' | 'plain';
  readonly title: string;
  readonly text: string;
}

/** Finds what is worth a note in events read one after the other: mostly changes against the event before. */
export function createNoteTaker(): (event: PageEvent) => Note | null {
  let simulation: PageEvent<'simulation_state'>['data'] | null = null;

  return (event) => {
    if (!isDrawn(event)) return null;
    switch (event.event_type) {
      case 'network_update':
        return modeNote(event);
      case 'agent_processing':
        return failureNote(event);
      case 'simulation_state': {
        const before = simulation;
        simulation = event.data;
        return simulationNote(event.data, before);
      }
      default:
        return null;
    }
  };
}

function failureNote(event: PageEvent<'agent_processing'>): Note | null {
  const text = failureOf(event);
  return text === null
    ? null
    : { tone: 'error', title: `${nameOf(event.data.agent_id)} could not answer`, text };
}

function modeNote({ data }: PageEvent<'network_update'>): Note | null {
  const stagnation = stagnationAt(data.details);
  const value = stagnation === null ? '' : `stagnation ${stagnation.toFixed(2)}`;
  if (data.event_type === 'emergency_mode_activated') {
    return { tone: 'emergency', title: 'Emergency mode begins', text: value };
  }
  if (data.event_type === 'emergency_mode_deactivated') {
    return { tone: 'calm', title: 'Emergency mode ends', text: value };
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
