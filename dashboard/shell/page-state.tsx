import { type ReactNode, useEffect } from 'react';
import { useConnection } from '../events.ts';
import { useMoment } from '../state/moment/moment.ts';

/** Tells style sheets and the browser's tab the state of the page as a whole. */
export function PageState({ children }: { children: ReactNode }): ReactNode {
  const { status } = useConnection();
  const { scene, live, log } = useMoment();
  const isStale =
    log.entries.length > 0 && (status !== 'live' || log.status === 'stale' || log.status === 'refused');

  useEffect(() => {
    const mode = scene.mode === 'emergency' ? 'Emergency · ' : '';
    document.title = `${isStale ? 'Reconnecting · ' : mode}Psyche Events`;
  }, [scene.mode, isStale]);

  return (
    <div className="page" data-mode={scene.mode} data-stale={isStale} data-moment={live ? 'live' : 'replay'}>
      {children}
    </div>
  );
}
