import type uPlot from 'uplot';
import type { Threshold } from './plot-style.ts';

const FONT_PX = 10.5;

/** Draws dashed lines across a chart, each with its name at the right. @param halo the colour behind the names */
export function drawThresholds(chart: uPlot, thresholds: readonly Threshold[], halo: string): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.font = `${FONT_PX * ratio}px "Inter Variable", system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.lineJoin = 'round';
  for (const { y, color, label, below = false } of thresholds) {
    const top = chart.valToPos(y, 'y', true);
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.lineWidth = ratio;
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.moveTo(bbox.left, top);
    ctx.lineTo(right, top);
    ctx.stroke();

    const baseline = top + (below ? FONT_PX + 3 : -4) * ratio;
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * ratio;
    ctx.strokeStyle = halo;
    ctx.strokeText(label, right, baseline);
    ctx.fillStyle = color;
    ctx.fillText(label, right, baseline);
  }
  ctx.restore();
}
