import type { ReactNode } from 'react';
import { Icon } from '../shell/icons.tsx';
import { useMoment, useMomentActions } from '../state/moment/moment.ts';
import { useSimulation } from '../state/simulation-provider.tsx';
import { useShortcuts } from '../state/use-shortcuts.ts';

/** Start, pause, step and speed. In a replay the keys move the replay instead. */
export function RunControls(): ReactNode {
  const { served, state, pending, error, run } = useSimulation();
  const { live } = useMoment();
  const moment = useMomentActions();
  const isRunning = state?.status === 'running';
  const hasBegun = (state?.tick ?? 0) > 0;
  const canRun = served === true && live;
  const toggle = (): void => void run({ name: isRunning ? 'pause' : 'start' });
  const step = (): void => void run({ name: 'step' });
  useShortcuts({
    ' ': () => (live ? canRun && toggle() : moment.togglePlaying()),
    '.': () => (live ? canRun && step() : moment.step(1)),
  });

  if (served === false) {
    return (
      <p className="hint">
        No simulation runs on this server and topic. Events from elsewhere are shown as they come, and you can
        publish one below.
      </p>
    );
  }
  return (
    <>
      <div className="run">
        <button
          type="button"
          className="button primary"
          disabled={!canRun}
          aria-keyshortcuts="Space"
          aria-busy={pending === 'start' || pending === 'pause'}
          onClick={toggle}
        >
          <Icon name={isRunning ? 'pause' : 'play'} /> {isRunning ? 'Pause' : hasBegun ? 'Resume' : 'Start'}
        </button>
        <button
          type="button"
          className="button"
          disabled={!canRun}
          aria-keyshortcuts="."
          aria-busy={pending === 'step'}
          title="One turn (.)"
          onClick={step}
        >
          <Icon name="step" /> Step
        </button>
        <SpeedControl disabled={!canRun} />
      </div>
      {error !== null && (
        <p className="problem" role="alert">
          {error}
        </p>
      )}
    </>
  );
}

const SPEEDS = [0.5, 1, 2, 5, 10] as const;

function SpeedControl({ disabled }: { disabled: boolean }): ReactNode {
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
