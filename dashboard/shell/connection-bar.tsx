import { type ReactNode, useEffect, useState } from 'react';
import icon from '../icon.svg';
import { clockTime, perSecond, plural } from '../model/format.ts';
import type { Log } from '../model/log.ts';
import { rateOf } from '../model/rates.ts';
import { useMoment } from '../state/moment/moment.ts';
import { useServerNow } from '../state/server-stats-provider.tsx';
import { ConnectionIndicator } from './connection-status.tsx';
import { Help } from './help.tsx';
import { Icon } from './icons.tsx';
import { ThemeSwitch } from './theme-switch.tsx';
import { useToldHeight } from './told-height.ts';
import { TopicPicker } from './topic-picker.tsx';
import { WhoWatches } from './watching.tsx';

import './connection-bar.css';

/** The truth about the connection, before everything else. */
export function ConnectionBar(): ReactNode {
  const { log, scene, live, at } = useMoment();
  const bar = useToldHeight('--bar-room');
  const now = useServerNow(1000, live);
  const caughtUp = useCaughtUp(log);
  const gaps = log.gaps.filter(({ gap }) => gap.reason !== 'erased');
  const lost = gaps.reduce((sum, { gap }) => sum + (gap.lost ?? 0), 0);
  return (
    <header ref={bar} className="bar">
      <h1 className="brand">
        <img src={icon} alt="" width="26" height="26" />
        <span>Psyche</span>
      </h1>
      <ConnectionIndicator />
      <p className="bar-figure" title="Over the last ten seconds">
        <b>{perSecond(rateOf(scene.entries, live ? now : at))}</b> events/s
      </p>
      <TopicPicker />
      <WhoWatches />
      {!live && <p className="chip replay">Replay · {clockTime(at)}</p>}
      {caughtUp !== null && <p className="chip good">Caught up {plural(caughtUp, 'event')}</p>}
      {gaps.length > 0 && (
        <p className="chip bad" title="Marked in the conversation">
          {plural(gaps.length, 'gap')}
          {lost > 0 && `: ${plural(lost, 'event')} missing`}
        </p>
      )}
      <EmergencyAlert />
      <div className="bar-end">
        <ThemeSwitch />
        <Help />
      </div>
    </header>
  );
}

/** An alert, which screen readers announce as it comes into sight with its words. */
function EmergencyAlert(): ReactNode {
  const { scene } = useMoment();
  const connections = scene.network?.data.connections ?? [];
  const paths = connections.filter(({ type, is_active }) => type === 'emergency' && is_active).length;
  return (
    <div role="alert" className="alert-slot">
      {scene.mode === 'emergency' && (
        <p className="emergency-alert">
          <Icon name="alert" />
          <strong>Emergency mode</strong>
          {paths > 0 && `${plural(paths, 'emergency path is', 'emergency paths are')} open`}
        </p>
      )}
    </div>
  );
}

/** Time for which it is shown, ms. */
const SHOWN_MS = 10_000;

/** Number of events that a resume brought, for a while after it; null otherwise. The first catch-up is no resume. */
function useCaughtUp({ status, caughtUp }: Log): number | null {
  const [wasLost, setWasLost] = useState(false);
  const [shown, setShown] = useState<number | null>(null);
  if (status === 'stale' && !wasLost) setWasLost(true);
  if (status === 'live' && wasLost) {
    setWasLost(false);
    setShown(caughtUp);
  }
  useEffect(() => {
    if (shown === null) return;
    const timer = setTimeout(() => setShown(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return shown;
}
