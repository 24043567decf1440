import type { ReactNode } from 'react';
import { useSimulation } from '../state/simulation-provider.tsx';

const SPEEDS = [0.5, 1, 2, 5, 10] as const;

export function SpeedControl({ disabled }: { disabled: boolean }): ReactNode {
  const { state, run } = useSimulation();
  return (
    <fieldset className="segments" disabled={disabled}>
      <legend className="hidden">Speed</legend>
      {SPEEDS.map((speed) => (
        <label key={speed} className="segment">
          <input
            type="radio"
            name="speed"
            checked={state?.speed === speed}
            onChange={() => void run({ name: 'setSpeed', speed })}
          />
          <span>{speed === 0.5 ? '½' : speed}×</span>
        </label>
      ))}
    </fieldset>
  );
}
