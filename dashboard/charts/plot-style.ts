import type { Palette } from './palette.ts';

/** x, then a list for each line; null: no value there. */
export type PlotData = [xs: number[], ...lines: (number | null)[][]];

/** One series of a chart. */
export interface PlotLine {
  readonly shape: 'curve' | 'steps' | 'dots';
  readonly color: string;
  /** Colour of the area below; default: none. */
  readonly fill?: string;
}

export interface PlotStyle {
  readonly lines: readonly PlotLine[];
  /** Least and greatest y. */
  readonly y: readonly [number, number];
  /** Values of y that have a line. */
  readonly ticks: readonly number[];
  readonly nameOfY: (y: number) => string;
  readonly thresholds?: readonly Threshold[];
}

/** A value of y that means something. */
export interface Threshold {
  readonly y: number;
  readonly color: string;
}

export interface PlotProps {
  /** Says what is drawn, to those who do not see it. */
  label: string;
  /** px */
  height: number;
  data: PlotData;
  /** First and last x. */
  range: readonly [from: number, to: number];
  /** Label of an x on the axis. Default: there is no axis of x, since the chart below has the same. */
  nameOfX?: (x: number) => string;
  /** Its looks in a theme; always the same function. */
  style: (palette: Palette) => PlotStyle;
  /** Called with the x that is clicked. */
  onPick?: (x: number) => void;
}
