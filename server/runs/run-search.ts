import type { CatalogOf } from '../../shared/catalog.ts';
import { parseCursor } from '../../shared/cursor.ts';
import type { EventOf } from '../../shared/events.ts';
import type { runEvents } from '../../shared/runs/run-events.ts';
import { type RunState, runStateOf } from '../../shared/runs/run-state.ts';
import type { RunsManager } from './runs-catalog.ts';

/** A run as the log tells it. */
export interface RunStatus {
  readonly id: string;
  readonly kind: string;
  /** That which it was started with: JSON. */
  readonly input: unknown;
  readonly state: RunState;
  /** The words of its failure, or of who stopped it; else empty. */
  readonly outcome: string;
  /** Id of the subject that it was started for, where one is known. */
  readonly by?: string | undefined;
  /** The place of its opening while it runs, and of its settlement after. */
  readonly cursor: string;
  /** The place of its opening; undefined where the log does not go back so far. */
  readonly opened: string | undefined;
  /** Id of its event. */
  readonly event: string | undefined;
}

type RunEvent = EventOf<'run', CatalogOf<typeof runEvents>>;

/** Runs of a topic that are open now. @throws EventsError UNAVAILABLE, TOO_LARGE, CLOSED */
export async function openRuns(manager: RunsManager, topic: string, id?: string): Promise<RunStatus[]> {
  const filter = id === undefined ? undefined : { run_id: id };
  const { items } = await manager.openEvents({ topic, types: ['run'], filter });
  return items.map(({ event, cursor }) => statusOf(event, cursor, cursor));
}

/** The newest run of an id; undefined where the log has none. @throws EventsError UNAVAILABLE, CLOSED */
export async function findRun(
  manager: RunsManager,
  topic: string,
  id: string,
): Promise<RunStatus | undefined> {
  const [open] = await openRuns(manager, topic, id);
  return open ?? findInLog(manager, topic, id);
}

/** Walks back through a log to the settlement of a run, and on to its opening. */
async function findInLog(manager: RunsManager, topic: string, id: string): Promise<RunStatus | undefined> {
  let ended: RunStatus | undefined;
  let before: string | undefined;
  while (true) {
    const page = await manager.history({
      topic,
      types: ['run'],
      filter: { run_id: id },
      openings: true,
      before,
    });
    for (const { event, cursor } of page.items.toReversed()) {
      const { state, event: eventId } = statusOf(event, cursor, cursor);
      if (ended && ended.event === eventId) return { ...ended, opened: cursor };
      if (ended) continue; // of an older run of this id
      if (state === 'running') return statusOf(event, cursor, cursor);
      ended = statusOf(event, cursor, event.open ? undefined : cursor);
      if (!event.open) return ended;
    }
    if (page.previous === null) return ended;
    before = page.previous;
  }
}

function statusOf(
  { data: { run_id, kind, input, outcome }, by, open }: RunEvent,
  cursor: string,
  opened: string | undefined,
): RunStatus {
  const state = runStateOf(open);
  return {
    id: run_id,
    kind,
    input,
    state,
    outcome,
    ...(by !== undefined && { by }),
    cursor,
    opened,
    event: open?.id,
  };
}

/** The place right before a record. */
export function placeBefore(cursor: string, records = 1): string {
  const { epoch, seq } = parseCursor(cursor);
  return `${epoch}:${Math.max(0, seq - records)}`;
}
