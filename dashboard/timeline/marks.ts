import { failureOf } from '../model/answers.ts';
import { isDrawn } from '../model/drawn.ts';
import { healthOf } from '../model/health.ts';
import { countUpTo, type Entry, type GapMark, type Log, rowOf, stepsOf } from '../model/log.ts';
import { modeOf, nodeOf } from '../model/scene.ts';

/** Marks of the timeline: parts of its whole, 0 to 1. Each place is there once, however many events or gaps have it. */
export interface TimelineMarks {
  /** Messages, bar by bar; 1 is the most. */
  readonly bars: readonly number[];
  readonly emergencies: readonly { readonly from: number; readonly to: number }[];
  readonly errors: readonly number[];
  readonly gaps: readonly number[];
}

const BARS = 120;
/** Each bar takes part of its neighbours, so that they make a line of hills and no comb. */
const KERNEL = [0.1, 0.2, 0.4, 0.2, 0.1];

export function timelineMarks({ entries, byType, gaps }: Log): TimelineMarks {
  const [first] = entries;
  const start = first?.clock ?? 0;
  const length = Math.max(1, (entries.at(-1)?.clock ?? 0) - start);
  const part = (clock: number): number => (clock - start) / length;

  const counts = new Array<number>(BARS).fill(0);
  for (const { clock } of stepsOf({ entries, byType })) {
    const bar = Math.min(BARS - 1, Math.floor(part(clock) * BARS));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  const smooth = counts.map((_, bar) =>
    KERNEL.reduce((sum, weight, offset) => sum + weight * (counts[bar + offset - 2] ?? 0), 0),
  );
  const most = Math.max(1, ...smooth);
  return {
    bars: smooth.map((height) => height / most),
    emergencies: emergencies(byType.network_update, part),
    errors: once(errorsOf(entries).map(({ clock }) => part(clock))),
    gaps: once(gaps.map((mark) => part(clockOf(mark, entries)))),
  };
}

function once(places: readonly number[]): readonly number[] {
  return [...new Set(places)];
}

/** Emergencies; one that begins where the last one ended goes on with it. */
function emergencies(updates: readonly Entry<'network_update'>[], part: (clock: number) => number) {
  const spans: { from: number; to: number }[] = [];
  const add = (from: number, to: number): void => {
    const last = spans.at(-1);
    if (last?.to === from) last.to = to;
    else spans.push({ from, to });
  };
  let since: number | null = null;
  for (const { event, clock } of updates) {
    const isEmergency = modeOf(event) === 'emergency';
    if (isEmergency) since ??= clock;
    else if (since !== null) {
      add(part(since), part(clock));
      since = null;
    }
  }
  if (since !== null) add(part(since), 1);
  return spans;
}

/** Answers that failed, and when a node fell ill; not each time that it says it still is, nor while it is only busy. */
function errorsOf(entries: readonly Entry[]): Entry[] {
  const ill = new Map<string, boolean>();
  return entries.filter(({ event }) => {
    if (!isDrawn(event)) return false;
    if (event.event_type === 'agent_processing') {
      return failureOf(event) !== null;
    }
    if (event.event_type !== 'system_status') return false;
    const node = nodeOf(event);
    const isIll = healthOf(event.data).tone === 'error';
    const wasIll = ill.get(node) ?? false;
    ill.set(node, isIll);
    return isIll && !wasIll;
  });
}

function clockOf({ row }: GapMark, entries: readonly Entry[]): number {
  const index = countUpTo(entries, row, rowOf) - 1;
  return entries[Math.max(0, index)]?.clock ?? 0;
}
