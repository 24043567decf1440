import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { Dialog } from '../shell/dialog.tsx';
import { Icon } from '../shell/icons.tsx';
import { useSimulation } from '../state/simulation-provider.tsx';

const LARGEST_SEED = 0xffff_ffff;

/** Starts a new run, once that is confirmed. */
export function ResetButton({ disabled }: { disabled: boolean }): ReactNode {
  const { state, run } = useSimulation();
  const dialog = useRef<HTMLDialogElement>(null);
  const [seed, setSeed] = useState('');
  const open = (): void => {
    setSeed(`${state?.seed ?? 1}`);
    dialog.current?.showModal();
  };
  const confirm = (event: FormEvent): void => {
    event.preventDefault();
    dialog.current?.close();
    void run({ name: 'reset', seed: seed === '' ? undefined : Number(seed) });
  };
  return (
    <>
      <button type="button" className="button small quiet" disabled={disabled} onClick={open}>
        <Icon name="reset" /> Reset…
      </button>
      <Dialog ref={dialog} title="Start a new run?">
        <form onSubmit={confirm}>
          <p>
            The agents forget this conversation and begin another. What was said stays in the log, and can be
            replayed.
          </p>
          <label className="field">
            <span>Seed</span>
            <input
              type="number"
              min={0}
              max={LARGEST_SEED}
              step={1}
              value={seed}
              onChange={({ target }) => setSeed(target.value)}
            />
          </label>
          <p className="quiet">The same seed is the same conversation.</p>
          <div className="dialog-end">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button danger">
              Start the new run
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
