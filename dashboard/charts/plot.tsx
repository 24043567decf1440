import { type ReactNode, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useIsDark } from '../state/theme.ts';
import { type Palette, readPalette } from './palette.ts';
import type { PlotLine, PlotProps, Threshold } from './plot-style.ts';

import 'uplot/dist/uPlot.min.css';
import './plot.css';

/** One chart. It is made anew with the theme; otherwise only its data changes. */
export function Plot(props: PlotProps): ReactNode {
  const { label, height, data, range, style } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  const isDark = useIsDark();
  useLayoutEffect(() => {
    latest.current = props;
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours change with the theme
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const made = new uPlot(options(element, readPalette(element), latest), latest.current.data, element);
    plot.current = made;
    const resize = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== made.width) made.setSize({ width, height });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [style, height, isDark]);

  // In the frame that shows the moment everywhere else.
  useLayoutEffect(() => {
    plot.current?.batch((chart: uPlot) => {
      chart.setData(data, false);
      chart.setScale('x', { min: range[0], max: range[1] });
    });
  }, [data, range]);

  return <div ref={frame} className="plot" role="img" aria-label={label} />;
}

function options(
  element: HTMLElement,
  palette: Palette,
  latest: { readonly current: PlotProps },
): uPlot.Options {
  const { height, style: styleOf, nameOfX } = latest.current;
  const style = styleOf(palette);
  const { line, quiet } = palette;
  const axis = {
    stroke: quiet,
    font: '11px "Inter Variable", system-ui, sans-serif',
    ticks: { show: false },
  };
  return {
    width: Math.max(1, element.clientWidth),
    height,
    padding: [8, 8, nameOfX ? 0 : 8, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7 },
      bind: {
        click: (chart) => () => {
          const { left } = chart.cursor;
          if (left !== undefined && left >= 0) latest.current.onPick?.(chart.posToVal(left, 'x'));
          return null;
        },
      },
    },
    scales: { x: { time: false, auto: false }, y: { auto: false, range: [...style.y] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        show: nameOfX !== undefined,
        size: 24,
        space: 90,
        values: (_, splits) =>
          splits.map((x) => (hasRoom(x, latest.current.range) ? (latest.current.nameOfX?.(x) ?? '') : '')),
      },
      {
        ...axis,
        grid: { stroke: line, width: 1 },
        size: 40,
        splits: () => [...style.ticks],
        values: (_, splits) => splits.map(style.nameOfY),
      },
    ],
    series: [{}, ...style.lines.map(toSeries)],
    hooks: { draw: [(chart) => drawThresholds(chart, style.thresholds ?? [])] },
  };
}

/** Names near the end would be cut. */
function hasRoom(x: number, [from, to]: PlotProps['range']): boolean {
  return x < to - (to - from) / 12;
}

function toSeries({ shape, color, fill }: PlotLine): uPlot.Series {
  if (shape === 'dots') {
    return { stroke: color, paths: () => null, points: { show: true, size: 6, width: 0, fill: color } };
  }
  const paths = shape === 'curve' ? uPlot.paths.spline?.() : uPlot.paths.stepped?.({ align: 1 });
  return {
    stroke: color,
    width: 1.5,
    points: { show: false },
    ...(fill && { fill }),
    ...(paths && { paths }),
  };
}

/** Draws dashed lines across a chart. */
function drawThresholds(chart: uPlot, thresholds: readonly Threshold[]): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.setLineDash([4 * ratio, 4 * ratio]);
  ctx.lineWidth = ratio;
  for (const { y, color } of thresholds) {
    const top = chart.valToPos(y, 'y', true);
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.moveTo(bbox.left, top);
    ctx.lineTo(bbox.left + bbox.width, top);
    ctx.stroke();
  }
  ctx.restore();
}
