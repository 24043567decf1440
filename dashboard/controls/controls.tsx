import { type ReactNode, useState } from 'react';
import { Panel } from '../shell/panel.tsx';
import { useMoment } from '../state/moment/moment.ts';
import { useSimulation } from '../state/simulation-provider.tsx';
import { Trials } from '../trials/trials.tsx';
import { MessageForm } from './message-form.tsx';
import { ResetButton } from './reset-button.tsx';
import { RunControls } from './run-controls.tsx';
import { StimulusForm } from './stimulus-form.tsx';
import './controls.css';

const FORMS = { stimulus: 'Stimulus', message: 'Message' } as const;
type FormName = keyof typeof FORMS;

/** Controls for a viewer: run the simulation, and say something. Reset stands apart. */
export function Controls(): ReactNode {
  const { served } = useSimulation();
  const { scene, live } = useMoment();
  const [chosen, setChosen] = useState<FormName>('stimulus');
  const form = served === false ? 'message' : chosen;
  const state = scene.simulation?.data;
  return (
    <Panel
      title="Controls"
      name="controls"
      aside={
        <>
          {state && (
            <span className="panel-figure">
              turn {state.tick} · seed {state.seed} · {state.speed}×
            </span>
          )}
          {served !== false && <ResetButton disabled={served === null || !live} />}
        </>
      }
    >
      <RunControls />
      <div className="speak">
        <fieldset className="segments">
          <legend className="hidden">What to say</legend>
          {(Object.keys(FORMS) as FormName[]).map((name) => (
            <label key={name} className="segment">
              <input
                type="radio"
                name="form"
                checked={form === name}
                disabled={name === 'stimulus' && served === false}
                onChange={() => setChosen(name)}
              />
              <span>{FORMS[name]}</span>
            </label>
          ))}
        </fieldset>
        {form === 'stimulus' ? <StimulusForm /> : <MessageForm />}
      </div>
      <Trials />
    </Panel>
  );
}
