import { type ReactNode, useMemo } from 'react';
import { ARCHETYPE_IDS, nameOf } from '../model/archetypes.ts';
import { signed } from '../model/format.ts';
import { EMERGENCY_OFF, EMERGENCY_ON } from '../model/health.ts';
import { Panel } from '../shell/panel.tsx';
import { useMoment, useMomentActions } from '../state/moment/moment.ts';
import { Chart } from './chart.tsx';
import { chartRange, inRange, timeNamer } from './chart-window.ts';
import { DataTable } from './data-table.tsx';
import { sentimentData, stagnationData } from './mood-data.ts';
import { faded, type Palette } from './palette.ts';
import type { PlotStyle } from './plot-style.ts';
import './mood.css';

const ROWS = 30;

/** The agents' mood and the conversation's stagnation over time. */
export function Mood(): ReactNode {
  const moment = useMoment();
  const { seek } = useMomentActions();
  const { scene } = moment;
  const { range, sentiment, stagnation, nameOfX } = useMemo(() => {
    const span = chartRange(moment);
    const messages = inRange(moment.scene.messages, span);
    const states = inRange(moment.scene.states, span);
    return {
      range: span,
      sentiment: sentimentData(messages),
      stagnation: stagnationData(states, messages, span[1]),
      nameOfX: timeNamer(moment.scene.entries),
    };
  }, [moment]);
  const mean = sentiment[1]?.at(-1) ?? null;
  return (
    <Panel
      title="Mood"
      name="mood"
      aside={
        <DataTable
          name="Mood"
          columns={['Time', 'Agent', 'Sentiment', 'Label']}
          rows={() =>
            scene.messages
              .slice(-ROWS)
              .reverse()
              .map(({ event, clock, row }) => ({
                key: `${row}`,
                cells: [
                  nameOfX(clock),
                  nameOf(event.data.agent_id),
                  signed(event.data.sentiment.score),
                  event.data.sentiment.label,
                ],
              }))
          }
        />
      }
    >
      <h3 className="chart-title">
        Sentiment <span className="quiet">dots are messages, the line their mean</span>
        <b>{mean === null ? '–' : signed(mean)}</b>
      </h3>
      <Chart
        label="Sentiment of the messages over time; also as a table"
        height={86}
        data={sentiment}
        range={range}
        style={sentimentStyle}
        onPick={seek}
      />
      <h3 className="chart-title">
        Stagnation{' '}
        <span className="quiet">
          emergency <span className="threshold begins">begins {EMERGENCY_ON}</span>{' '}
          <span className="threshold ends">ends {EMERGENCY_OFF}</span>
        </span>
        <b>{scene.stagnation === null ? '–' : scene.stagnation.toFixed(2)}</b>
      </h3>
      <Chart
        label="Stagnation over time; also as a table"
        height={86}
        data={stagnation}
        range={range}
        nameOfX={nameOfX}
        style={stagnationStyle}
        onPick={seek}
      />
    </Panel>
  );
}

function sentimentStyle(palette: Palette): PlotStyle {
  return {
    lines: [
      { shape: 'curve', color: palette.ink },
      ...ARCHETYPE_IDS.map((id) => ({ shape: 'dots' as const, color: palette.agent(id) })),
    ],
    y: [-1.05, 1.05],
    ticks: [-1, 0, 1],
    nameOfY: (y) => (y > 0 ? '+1' : y < 0 ? '−1' : '0'),
  };
}

function stagnationStyle(palette: Palette): PlotStyle {
  return {
    lines: [{ shape: 'steps', color: palette.accent, fill: faded(palette.accent, 0.16) }],
    y: [0, 1],
    ticks: [0, 0.5, 1],
    nameOfY: (y) => `${y}`,
    thresholds: [
      { y: EMERGENCY_ON, color: palette.emergency },
      { y: EMERGENCY_OFF, color: palette.good },
    ],
  };
}
