import { parseCursor } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventName } from '../../shared/events.ts';
import type { RunEnd } from '../../shared/runs/run-state.ts';
import { isStreamUpdate, type StreamGap } from '../../shared/stream-items.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import type { DeliveredItem } from '../event-manager/records/stream-record.ts';
import { findRun, placeBefore, type RunStatus } from './run-search.ts';
import { type RunsCatalog, type RunsManager, runsManager } from './runs-catalog.ts';

/** Options of following a run. */
export interface FollowOptions {
  /** The cursor of the last item that one has. Default: from the run's opening on. */
  since?: string | undefined;
  /** Ends it, as if there were no further items. */
  signal?: AbortSignal | undefined;
}

/** Items of a topic until a run has ended: see `Runs.follow`. */
export async function* followRun<C extends RunsCatalog>(
  manager: EventManager<C>,
  topic: string,
  id: string,
  { since, signal }: FollowOptions,
): AsyncGenerator<DeliveredItem<EventName<C>, C>, void, undefined> {
  const own = runsManager(manager);
  const run = await findRun(own, topic, id);
  if (!run) throw unknownRun(topic, id);
  const from = since ?? startOf(run);
  if (since !== undefined && !isToCome(run, since)) return;
  for await (const delivered of manager.subscribe({ topic, since: from, signal })) {
    yield delivered;
    const item: { event_type: string; data: unknown } = delivered[1];
    if (isEndOf(run, item)) return;
    if (!isGap(item)) continue;
    const now = await findRun(own, topic, id);
    if (!now || now.event !== run.event || !isToCome(now, item.data.to)) return;
  }
}

/** The place right before a run's opening; that of the beginning of its log where the opening is gone. */
function startOf({ opened, cursor }: RunStatus): string {
  return opened === undefined ? placeBefore(cursor, Number.MAX_SAFE_INTEGER) : placeBefore(opened);
}

/** Tells if the end of a run comes after a place. One in another epoch is told by a gap. */
function isToCome({ state, cursor }: RunStatus, after: string): boolean {
  if (state === 'running') return true;
  const [end, place] = [parseCursor(cursor), parseCursor(after)];
  return end.epoch !== place.epoch || end.seq > place.seq;
}

function isEndOf(run: RunStatus, item: { event_type: string; data: unknown }): boolean {
  if (isStreamUpdate(item)) return 'id' in item.data && item.data.id === run.event && 'state' in item.data;
  if (item.event_type !== 'run') return false;
  const { open, data } = item as { open?: { id: string; state: string }; data: { run_id: string } };
  return open ? open.id === run.event && open.state !== 'open' : data.run_id === run.id;
}

function isGap(item: { event_type: string }): item is StreamGap {
  return item.event_type === 'stream_gap';
}

function unknownRun(topic: string, id: string): EventsError {
  return new EventsError('NOT_OPEN', `No run ${JSON.stringify(id.slice(0, 80))} is in topic ${topic}.`);
}

/** The end of a run, once it has ended. @throws EventsError NOT_OPEN, UNAVAILABLE; CLOSED where the manager is closed before */
export async function endOfRun(manager: RunsManager, topic: string, id: string): Promise<RunEnd> {
  const run = await findRun(manager, topic, id);
  if (!run) throw unknownRun(topic, id);
  if (run.state !== 'running') return ended(run);
  const changes = { topic, since: run.cursor, types: ['run' as const], filter: { run_id: id } };
  for await (const [, item] of manager.subscribe(changes)) {
    if (!isEndOf(run, item) && item.event_type !== 'stream_gap') continue;
    const now = await findRun(manager, topic, id);
    if (!now || now.event !== run.event) return ended({ ...run, state: 'lost' });
    if (now.state !== 'running') return ended(now);
  }
  throw new EventsError('CLOSED', `The event manager was closed before run ${id} had ended.`);
}

function ended({ state, outcome, by, cursor }: RunStatus): RunEnd {
  return { state: state === 'running' ? 'lost' : state, outcome, ...(by !== undefined && { by }), cursor };
}
