import type { ReactNode } from 'react';
import icon from '../icon.svg';
import { clockTime, perSecond, plural } from '../model/format.ts';
import { rateOf } from '../model/rates.ts';
import { useMoment } from '../state/moment.ts';
import { useCaughtUp } from '../state/use-caught-up.ts';
import { useNow } from '../state/use-now.ts';
import { ConnectionStatus } from './connection-status.tsx';
import { EmergencyAlert } from './emergency-alert.tsx';
import { Help } from './help.tsx';
import { ThemeSwitch } from './theme-switch.tsx';
import { TopicPicker } from './topic-picker.tsx';
import './connection-bar.css';

/** The truth about the connection, before everything else. */
export function ConnectionBar(): ReactNode {
  const { log, scene, live, at } = useMoment();
  const now = useNow(1000, live);
  const caughtUp = useCaughtUp(log);
  const lost = log.gaps.reduce((sum, { gap }) => sum + (gap.lost ?? 0), 0);
  return (
    <header className="bar">
      <h1 className="brand">
        <img src={icon} alt="" width="26" height="26" />
        <span>Psyche</span>
      </h1>
      <ConnectionStatus />
      <p className="bar-figure" title="Over the last ten seconds">
        <b>{perSecond(rateOf(scene.entries, live ? now : at))}</b> events/s
      </p>
      <TopicPicker />
      {!live && <p className="chip replay">Replay · {clockTime(at)}</p>}
      {caughtUp !== null && <p className="chip good">Caught up {plural(caughtUp, 'event')}</p>}
      {log.gaps.length > 0 && (
        <p className="chip bad" title="Marked in the conversation">
          {plural(log.gaps.length, 'gap')}
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
