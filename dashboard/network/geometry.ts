import type { ArchetypeId } from '../model/archetypes.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const WIDTH = 560;
export const HEIGHT = 540;
export const NODE_RADIUS = 34;

/** A pentagon in the order of the normal paths, so that most of them are its sides and emergencies cross it. */
export const PLACES: Readonly<Record<ArchetypeId, Point>> = {
  self: { x: 280, y: 98 },
  ego: { x: 475, y: 236 },
  anima_animus: { x: 400, y: 440 },
  persona: { x: 160, y: 440 },
  shadow: { x: 85, y: 236 },
};

/** Place of a node's name, from its centre: above or below, and outwards, where no path is. */
export const LABELS: Readonly<Record<ArchetypeId, Point>> = {
  self: { x: 0, y: -66 },
  ego: { x: 18, y: -68 },
  anima_animus: { x: 0, y: 64 },
  persona: { x: 0, y: 64 },
  shadow: { x: -18, y: -68 },
};

/** A path from one node to another: a slight bow, so that the two directions lie side by side. */
export interface Bow {
  readonly start: Point;
  readonly control: Point;
  readonly end: Point;
}

const BEND = 22;
const MARGIN = NODE_RADIUS + 8;
/** Angle at a node between the ends of a path's two directions. */
const SPREAD = 0.16;

export function bow(from: Point, to: Point): Bow {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  return {
    start: polar(from, angle + SPREAD, MARGIN),
    control: polar(middle, angle + Math.PI / 2, BEND),
    end: polar(to, angle + Math.PI - SPREAD, MARGIN),
  };
}

export function pathData({ start, control, end }: Bow): string {
  return `M${round(start.x)} ${round(start.y)}Q${round(control.x)} ${round(control.y)} ${round(end.x)} ${round(end.y)}`;
}

/** The point a part of the way along, 0 to 1. */
export function pointOn({ start, control, end }: Bow, part: number): Point {
  const rest = 1 - part;
  return {
    x: rest * rest * start.x + 2 * rest * part * control.x + part * part * end.x,
    y: rest * rest * start.y + 2 * rest * part * control.y + part * part * end.y,
  };
}

/** The direction there, degrees. */
export function directionOn(path: Bow, part: number): number {
  const before = pointOn(path, part - 0.01);
  const after = pointOn(path, part + 0.01);
  return (Math.atan2(after.y - before.y, after.x - before.x) * 180) / Math.PI;
}

function polar(center: Point, angle: number, radius: number): Point {
  return { x: center.x + Math.cos(angle) * radius, y: center.y + Math.sin(angle) * radius };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
