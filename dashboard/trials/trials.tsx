import type { ReactNode } from 'react';
import { useMoment } from '../state/moment/moment.ts';
import { type TrialName, useTrials } from './use-trials.ts';
import './trials.css';

const LABELS: Readonly<Record<TrialName, string>> = {
  cut: 'Cut me off',
  slow: 'Read slowly',
  lose: 'Lose the log',
};

/** Buttons with which a visitor tries the promises of the page. */
export function Trials(): ReactNode {
  const { running, words, canLose, start } = useTrials();
  const { live } = useMoment();
  const names: readonly TrialName[] = canLose ? ['cut', 'slow', 'lose'] : ['cut', 'slow'];
  return (
    <section className="trials" aria-label="Trials">
      <span className="trials-title">Try</span>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          className="button small"
          disabled={running !== null || !live}
          aria-busy={running === name}
          onClick={() => start(name)}
        >
          {LABELS[name]}
        </button>
      ))}
      <p className="trials-words" role="status">
        {words}
      </p>
    </section>
  );
}
