import { type ReactNode, useState } from 'react';
import { useMoment, useMomentActions } from '../state/moment.ts';

/** Loads what was said before. */
export function OlderButton(): ReactNode {
  const { log } = useMoment();
  const { loadOlder } = useMomentActions();
  const [pending, setPending] = useState(false);
  const [isAll, setAll] = useState(false);
  if (log.status === 'connecting') return null;
  if (isAll) return <p className="feed-beginning">This is the beginning of what the server keeps.</p>;
  const load = async (): Promise<void> => {
    setPending(true);
    setAll(!(await loadOlder()));
    setPending(false);
  };
  return (
    <p className="feed-beginning">
      <button type="button" className="button small" disabled={pending} onClick={load}>
        {pending ? 'Loading…' : 'Load what came before'}
      </button>
    </p>
  );
}
