import { type ReactNode, useCallback, useMemo } from 'react';
import { sceneAt } from '../../model/scene.ts';
import { useTopic } from '../url-state.ts';
import { type Moment, MomentActionsContext, MomentContext } from './moment.ts';
import { LIVE, type Place } from './playback.ts';
import { useAddressMoment } from './use-address-moment.ts';
import { useLog } from './use-log.ts';
import { usePlayback } from './use-playback.ts';

const WORDS_MS = 100;

/** One subscription, one log, one moment: what panels show is read from here, so they cannot disagree. */
export function MomentProvider({ children }: { children: ReactNode }): ReactNode {
  const topic = useTopic();
  // Another topic is another log; nothing is left of the one before.
  return (
    <TopicMoment key={topic} topic={topic}>
      {children}
    </TopicMoment>
  );
}

function TopicMoment({ topic, children }: { topic: string | undefined; children: ReactNode }): ReactNode {
  const { log: newest, loadOlder } = useLog(topic);
  const { log, playback, setPlayback, moves } = usePlayback(newest);
  const { place, playing, rate } = playback;
  const goTo = useCallback((found: Place) => setPlayback({ ...LIVE, place: found }), [setPlayback]);
  const search = useAddressMoment(log, place, goTo, loadOlder);

  const last = log.entries.at(-1);
  const row = place?.row ?? last?.row ?? -1;
  // Words come ten times a second at most, as they do live.
  const tenth = place ? Math.floor(place.clock / WORDS_MS) * WORDS_MS : undefined;
  const scene = useMemo(() => sceneAt(log, row, tenth), [log, row, tenth]);
  const moment = useMemo((): Moment => {
    const shown = scene.entries.at(-1);
    const clock = place?.clock ?? last?.clock ?? 0;
    const at = (shown?.at ?? 0) + (shown ? clock - shown.clock : 0);
    return { log, scene, live: place === null, row, clock, at, playing, rate, search };
  }, [log, scene, place, last, row, playing, rate, search]);
  const actions = useMemo(() => ({ ...moves, loadOlder }), [moves, loadOlder]);

  return (
    <MomentActionsContext value={actions}>
      <MomentContext value={moment}>{children}</MomentContext>
    </MomentActionsContext>
  );
}
