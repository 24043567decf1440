import { type ReactNode, useMemo } from 'react';
import { Chart } from '../charts/chart.tsx';
import { chartRange, inRange, timeNamer } from '../charts/chart-window.ts';
import { DataTable } from '../charts/data-table.tsx';
import { faded, type Palette } from '../charts/palette.ts';
import type { PlotData, PlotStyle } from '../charts/plot-style.ts';
import { clockTime, count, percent } from '../model/format.ts';
import { healthOf, LOAD_ERROR, LOAD_WARNING } from '../model/health.ts';
import type { Entry } from '../model/log.ts';
import { nodeOf } from '../model/scene.ts';
import { Panel } from '../shell/panel.tsx';
import { useMoment, useMomentActions } from '../state/moment/moment.ts';
import { NodeFigures } from './node-figures.tsx';
import './system-status.css';

const ROWS = 30;

/** Figures of the processes that publish the events. */
export function SystemStatus(): ReactNode {
  const moment = useMoment();
  const { seek } = useMomentActions();
  const { scene } = moment;
  const [latest] = scene.systems;
  const node = latest && nodeOf(latest.event);
  const { range, data, nameOfX } = useMemo(() => {
    const span = chartRange(moment);
    const own = moment.scene.statuses.filter(({ event }) => nodeOf(event) === node);
    return { range: span, data: loadData(inRange(own, span)), nameOfX: timeNamer(moment.scene.entries) };
  }, [moment, node]);
  const health = latest && healthOf(latest.event.data);
  return (
    <Panel
      title="System"
      name="system"
      aside={
        health && (
          <>
            <DataTable
              name="System"
              columns={['Time', 'Node', 'Health', 'CPU', 'Memory', 'Errors']}
              rows={() => scene.statuses.slice(-ROWS).reverse().map(toRow)}
            />
            <span className="health" data-health={health.tone}>
              {health.words}
            </span>
          </>
        )
      }
    >
      {latest ? (
        <>
          {scene.systems.map((entry) => (
            <NodeFigures key={nodeOf(entry.event)} entry={entry} named={scene.systems.length > 1} />
          ))}
          <Chart
            label="Processor and memory over time, percent; also as a table"
            height={64}
            data={data}
            range={range}
            nameOfX={nameOfX}
            style={loadStyle}
            onPick={seek}
          />
        </>
      ) : (
        <p className="hint">No system status has been published yet.</p>
      )}
    </Panel>
  );
}

function toRow({ event, at, row }: Entry<'system_status'>) {
  const { performance_metrics, error_count } = event.data;
  const { cpu_percent, memory_percent } = performance_metrics;
  return {
    key: `${row}`,
    cells: [
      clockTime(at),
      nodeOf(event),
      healthOf(event.data).words,
      percent(cpu_percent),
      percent(memory_percent),
      count(error_count),
    ],
  };
}

function loadData(statuses: readonly Entry<'system_status'>[]): PlotData {
  const metrics = statuses.map(({ event }) => event.data.performance_metrics);
  return [
    statuses.map(({ clock }) => clock),
    metrics.map(({ cpu_percent }) => cpu_percent),
    metrics.map(({ memory_percent }) => memory_percent),
  ];
}

function loadStyle(palette: Palette): PlotStyle {
  const load = (color: string) => ({ shape: 'curve' as const, color, fill: faded(color, 0.1) });
  return {
    lines: [load(palette.agent('persona')), load(palette.agent('anima_animus'))],
    y: [0, 100],
    ticks: [0, 50, 100],
    nameOfY: (y) => `${y}`,
    thresholds: [
      { y: LOAD_WARNING, color: palette.warning },
      { y: LOAD_ERROR, color: palette.emergency },
    ],
  };
}
