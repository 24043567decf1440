import type { ReactNode } from 'react';
import { EMERGENCY_OFF, EMERGENCY_ON } from '../model/thresholds.ts';

/** How much the conversation goes round in circles, with the marks where the mode changes. */
export function StagnationMeter({ value }: { value: number | null }): ReactNode {
  const shown = value ?? 0;
  return (
    <div className="stagnation">
      <span id="stagnation-label">Stagnation</span>
      {/* biome-ignore lint/a11y/useFocusableInteractive: a meter is read, not operated */}
      <div
        className="stagnation-track"
        role="meter"
        aria-labelledby="stagnation-label"
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={Number(shown.toFixed(2))}
        data-level={shown > EMERGENCY_ON ? 'high' : shown > EMERGENCY_OFF ? 'middle' : 'low'}
      >
        <span className="stagnation-fill" style={{ width: `${shown * 100}%` }} />
        <span className="stagnation-mark" style={{ left: `${EMERGENCY_OFF * 100}%` }} />
        <span className="stagnation-mark" style={{ left: `${EMERGENCY_ON * 100}%` }} />
      </div>
      <b>{value === null ? '–' : value.toFixed(2)}</b>
    </div>
  );
}
