import type { ReactNode } from 'react';
import { EMERGENCY_OFF, EMERGENCY_ON } from '../model/thresholds.ts';

/** Meter of stagnation, with the marks where the mode changes. */
export function StagnationMeter({ value }: { value: number | null }): ReactNode {
  const shown = value ?? 0;
  const level = shown > EMERGENCY_ON ? 'high' : shown > EMERGENCY_OFF ? 'middle' : 'low';
  const text = value === null ? '–' : value.toFixed(2);
  return (
    <div className="stagnation">
      <label htmlFor="stagnation">Stagnation</label>
      <meter id="stagnation" className="hidden" min={0} max={1} value={shown}>
        {text}
      </meter>
      <div className="stagnation-track" data-level={level} aria-hidden="true">
        <span className="stagnation-fill" style={{ width: `${shown * 100}%` }} />
        <span className="stagnation-mark" style={{ left: `${EMERGENCY_OFF * 100}%` }} />
        <span className="stagnation-mark" style={{ left: `${EMERGENCY_ON * 100}%` }} />
      </div>
      <b>{text}</b>
    </div>
  );
}
