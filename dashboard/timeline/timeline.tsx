import { type ReactNode, useMemo } from 'react';
import { clockTime, fullTime } from '../model/format.ts';
import { Icon } from '../shell/icons.tsx';
import { useToldHeight } from '../shell/told-height.ts';
import { useMoment, useMomentActions } from '../state/moment/moment.ts';
import { useShortcuts } from '../state/use-shortcuts.ts';
import { timelineMarks } from './marks.ts';
import { MarksDrawing } from './marks-drawing.tsx';
import './timeline.css';

const RATES = [0.5, 1, 2, 5] as const;

/** Live, or any moment before: the same page shows both. */
export function Timeline(): ReactNode {
  const { log, live, clock, at, playing, rate, search } = useMoment();
  const { seek, step, goLive, togglePlaying, setRate } = useMomentActions();
  const marks = useMemo(() => timelineMarks(log), [log]);
  const section = useToldHeight('--timeline-room');
  useShortcuts({
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    'Shift+ArrowLeft': () => step(-10),
    'Shift+ArrowRight': () => step(10),
    l: goLive,
  });
  const start = log.entries[0]?.clock ?? 0;
  const end = log.entries.at(-1)?.clock ?? 0;
  const isLive = live && log.status === 'live';
  const isEmpty = log.entries.length === 0;
  const place = end > start ? (clock - start) / (end - start) : 1;
  return (
    <section
      ref={section}
      className="timeline"
      aria-label="Timeline"
      data-cursor={log.entries.at(-1)?.event.cursor}
    >
      <div className="timeline-buttons">
        <button
          type="button"
          className="icon-button"
          aria-label="Previous message"
          title="Previous message (←)"
          disabled={isEmpty}
          onClick={() => step(-1)}
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={playing ? 'Pause the replay' : 'Play the replay'}
          disabled={live}
          onClick={togglePlaying}
        >
          <Icon name={playing ? 'pause' : 'play'} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Next message"
          title="Next message (→)"
          disabled={live}
          onClick={() => step(1)}
        >
          <Icon name="step" />
        </button>
        <label className="select small">
          <span className="hidden">Speed of the replay</span>
          <select value={rate} onChange={({ target }) => setRate(Number(target.value))}>
            {RATES.map((each) => (
              <option key={each} value={each}>
                {each}×
              </option>
            ))}
          </select>
        </label>
      </div>
      <div className="track">
        <MarksDrawing marks={marks} place={place} />
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={isLive ? 'live' : live ? 'newest' : fullTime(at)}
          min={Math.round(end > start ? start : start - 1)}
          max={Math.round(end)}
          step={1}
          value={Math.round(clock)}
          disabled={isEmpty}
          onChange={({ target }) => seek(Number(target.value))}
        />
      </div>
      <p className="timeline-time">
        {search === 'not-found' && <span className="problem">That moment is no longer in the log.</span>}
        {search === 'searching' && <span className="quiet">Looking for that moment…</span>}
        {!live && <time dateTime={new Date(at).toISOString()}>{clockTime(at)}</time>}
      </p>
      <button
        type="button"
        className="live-button"
        data-live={isLive}
        disabled={live}
        aria-keyshortcuts="L"
        onClick={goLive}
      >
        <span className="live-dot" aria-hidden="true" /> {isLive ? 'Live' : live ? 'Newest' : 'Back to live'}
      </button>
    </section>
  );
}
