import { type FormEvent, type ReactNode, useState } from 'react';
import { useMoment, useMomentActions } from '../state/moment/moment.ts';
import { useSimulation } from '../state/simulation-provider.tsx';

const LONGEST = 500;

/** Says something to all agents from outside: each answers it the next time it speaks. */
export function StimulusForm(): ReactNode {
  const { served, pending, run } = useSimulation();
  const { live } = useMoment();
  const { goLive } = useMomentActions();
  const [text, setText] = useState('');
  const canSend = served === true && pending !== 'inject' && text.trim() !== '';
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (canSend && (await run({ name: 'inject', text }))) setText('');
  };
  if (!live) {
    return (
      <p className="hint">
        This is a replay; the simulation goes on at its live end.
        <button type="button" className="link" onClick={goLive}>
          Back to live
        </button>
      </p>
    );
  }
  return (
    <form className="say" onSubmit={send}>
      <label className="field grow">
        <span className="hidden">Stimulus</span>
        <input
          value={text}
          maxLength={LONGEST}
          placeholder="Tell them something: “You dreamt of the sea.”"
          disabled={served !== true}
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <button type="submit" className="button" disabled={!canSend}>
        Inject
      </button>
    </form>
  );
}
