import { type ReactNode, type RefObject, useId } from 'react';
import { Icon } from './icons.tsx';
import './dialog.css';

interface DialogProps {
  ref: RefObject<HTMLDialogElement | null>;
  title: string;
  children: ReactNode;
}

/** The browser's own modal dialog: it keeps the focus, and Esc closes it. */
export function Dialog({ ref, title, children }: DialogProps): ReactNode {
  const id = useId();
  return (
    <dialog ref={ref} className="dialog" aria-labelledby={id} closedby="any">
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={() => ref.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
