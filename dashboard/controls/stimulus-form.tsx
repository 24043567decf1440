import { type FormEvent, type ReactNode, useState } from 'react';
import { useMoment } from '../state/moment.ts';
import { useSimulation } from '../state/simulation-provider.tsx';

const LONGEST = 500;

/** Says something to all agents from outside: each answers it the next time it speaks. */
export function StimulusForm(): ReactNode {
  const { served, pending, run } = useSimulation();
  const { live } = useMoment();
  const [text, setText] = useState('');
  const canSend = served === true && live && pending !== 'inject' && text.trim() !== '';
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (canSend && (await run({ name: 'inject', text }))) setText('');
  };
  return (
    <form className="say" onSubmit={send}>
      <label className="field grow">
        <span className="hidden">Stimulus</span>
        <input
          value={text}
          maxLength={LONGEST}
          placeholder="Tell them something: “You dreamt of the sea.”"
          disabled={served !== true || !live}
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <button type="submit" className="button" disabled={!canSend}>
        Inject
      </button>
    </form>
  );
}
