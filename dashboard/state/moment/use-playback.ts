import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Log } from '../../model/log.ts';
import type { MomentActions } from './moment.ts';
import { advance, isDropped, LIVE, type Playback, placeAt, placeOfMessage } from './playback.ts';

/** Interval at which time goes on in a playback, ms. */
const TICK_MS = 66;

/**
 * The page's place in its log, and the actions that move it. A log drops its oldest events while new ones come; a playback that
 * needs them goes on in the last log that had them.
 */
export function usePlayback(newest: Log): {
  log: Log;
  playback: Playback;
  setPlayback: (playback: Playback) => void;
  moves: Omit<MomentActions, 'loadOlder'>;
} {
  const [playback, setPlayback] = useState(LIVE);
  const [held, setHeld] = useState(newest);
  const { place } = playback;
  const log = place !== null && isDropped(newest, held, place.row) ? held : newest;
  if (held !== log) setHeld(log);
  const latest = useRef(log);
  useLayoutEffect(() => {
    latest.current = log;
  }, [log]);

  useEffect(() => {
    if (!playback.playing) return;
    let before = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const passed = now - before;
      before = now;
      setPlayback((current) => advance(current, latest.current, passed));
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [playback.playing]);

  const moves = useMemo(
    () => ({
      seek(clock: number) {
        const end = latest.current.entries.at(-1)?.clock ?? 0;
        setPlayback((current) =>
          clock >= end
            ? { ...LIVE, rate: current.rate }
            : { ...current, place: placeAt(latest.current, clock) },
        );
      },
      step(messages: number) {
        setPlayback((current) => {
          const row = current.place?.row ?? latest.current.entries.at(-1)?.row;
          if (row === undefined || (current.place === null && messages > 0)) return current;
          const place = placeOfMessage(latest.current, row, messages);
          return { ...current, playing: false, place };
        });
      },
      goLive() {
        setPlayback(({ rate }) => ({ ...LIVE, rate }));
      },
      togglePlaying() {
        setPlayback((current) => ({ ...current, playing: current.place !== null && !current.playing }));
      },
      setRate(rate: number) {
        setPlayback((current) => ({ ...current, rate }));
      },
    }),
    [],
  );
  return { log, playback, setPlayback, moves };
}
