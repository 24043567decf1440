import { type ReactNode, useRef } from 'react';
import { useShortcuts } from '../state/use-shortcuts.ts';
import { Dialog } from './dialog.tsx';

const KEYS: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ['Space'], what: 'Start or pause the simulation; in a replay, play or pause it' },
  { keys: ['.'], what: 'One turn of the simulation; in a replay, the next message' },
  { keys: ['←', '→'], what: 'One message back or forth; ten with Shift' },
  { keys: ['L'], what: 'Back to live' },
  { keys: ['1', '2', '3', '4', '5'], what: 'Shadow, Persona, Anima/Animus, Self, Ego: only what they say' },
  { keys: ['/'], what: 'Search' },
  { keys: ['Esc'], what: 'Leave a field; then clear the filters' },
  { keys: ['?'], what: 'This list' },
];

/** The keys of the page, and the button that shows them. */
export function Help(): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (): void => dialog.current?.showModal();
  useShortcuts({ '?': open });
  return (
    <>
      <button type="button" className="icon-button" aria-label="Keys" title="Keys (?)" onClick={open}>
        ?
      </button>
      <Dialog ref={dialog} title="Keys">
        <dl className="keys">
          {KEYS.map(({ keys, what }) => (
            <div key={what}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
    </>
  );
}
