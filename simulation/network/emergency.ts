import type { Mode } from './paths.ts';

/** When emergency mode begins and ends. */
export interface EmergencyLimits {
  /** Emergency mode begins above this stagnation. Default 0.6. */
  readonly on: number;
  /** It ends below this one. Default 0.48. */
  readonly off: number;
  /** It lasts at least this long, in ms. Default 15 000. */
  readonly holdMs: number;
}

export const EMERGENCY_LIMITS: EmergencyLimits = { on: 0.6, off: 0.48, holdMs: 15_000 };

/** The mode of a conversation, and when it began. */
export interface ModeState {
  readonly mode: Mode;
  /** ms */
  readonly since: number;
}

/** Two thresholds and a hold, so that stagnation that hovers around one value does not switch the mode to and fro. */
export function nextMode(
  state: ModeState,
  stagnation: number,
  now: number,
  limits: EmergencyLimits = EMERGENCY_LIMITS,
): ModeState {
  if (state.mode === 'normal') {
    return stagnation > limits.on ? { mode: 'emergency', since: now } : state;
  }
  const held = now - state.since >= limits.holdMs;
  return held && stagnation < limits.off ? { mode: 'normal', since: now } : state;
}
