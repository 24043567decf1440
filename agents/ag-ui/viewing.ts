import type { BaseEvent } from '@ag-ui/core';
import type { EventsClient } from '../../client/client-types.ts';
import { formatCursor, parseCursor } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { StreamGap } from '../../shared/stream-items.ts';
import type { Place } from '../stream/place.ts';
import { StreamReader } from '../stream/stream-reader.ts';
import { AgUiDialect } from './ag-ui-dialect.ts';
import { type OwnCatalog, VIEWED } from './ag-ui-events.ts';
import { wasRunBefore } from './run-request.ts';

/** A thread, as a browser views it. */
export interface ViewOptions {
  readonly client: EventsClient<OwnCatalog>;
  readonly topic: string;
  readonly threadId: string;
  /** The place that the viewer has. */
  readonly place: Place<BaseEvent> | undefined;
  readonly signal: AbortSignal;
  /** Takes each event, with the viewer's place after it. */
  readonly tell: (event: BaseEvent, place: Place<BaseEvent> | undefined) => void;
  /** Called with gaps in which no run was going on. */
  readonly onGap: (gap: StreamGap['data']) => void;
}

/**
 * Tells a thread from its place on, or from its beginning, until no run is going on.
 * @throws EventsError what ended the subscription
 */
export async function viewThread(options: ViewOptions): Promise<void> {
  const { threadId, place, onGap } = options;
  const reader = new StreamReader(new AgUiDialect(threadId), { place });
  const since = place?.since ?? (await beginning(options));
  await view(options, reader, { since, isOver: () => reader.isIdle });
  for (const gap of reader.untoldGaps) onGap(gap);
}

/**
 * Asks for a run, and tells it to its end. A viewer with a place is told before what it lacks of the thread.
 * @param request asks for the run; called once the thread is followed, and again while nothing comes of it
 * @throws EventsError as {@link viewThread}, and what refused the request; INVALID_OPTION where the viewer was told its end
 */
export async function viewRun(
  options: ViewOptions,
  runId: string,
  request: (isSeen: () => boolean, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { threadId, place } = options;
  const run = place ? undefined : runId;
  const reader = new StreamReader(new AgUiDialect(threadId), { place, run });
  if (reader.hasEnded(runId)) throw wasRunBefore(runId);
  let failure: { readonly error: unknown } | undefined;
  const ends = new AbortController();
  const signal = AbortSignal.any([options.signal, ends.signal]);
  let isSeen = false;
  const isOver = () => reader.hasEnded(runId);
  const onItem = (id: unknown) => {
    isSeen ||= id === runId;
  };
  const onSynced = () => {
    request(() => isSeen, signal).catch((error: unknown) => {
      if (isSeen) return; // it is of another request for the run
      failure ??= { error };
      ends.abort();
    });
  };
  await view({ ...options, signal }, reader, { since: place?.since, isOver, onItem, onSynced });
  const refusal = options.signal.aborted || isOver() ? undefined : failure;
  ends.abort();
  if (refusal) throw refusal.error;
}

/** The place before the first record of a thread: who begins there is told what is not kept any more. */
async function beginning({ client, topic, signal }: ViewOptions): Promise<string> {
  const { cursor } = await client.open({ topic, types: ['run'], signal });
  return formatCursor({ ...parseCursor(cursor), seq: 0 });
}

interface Course {
  readonly since: string | undefined;
  readonly isOver: () => boolean;
  readonly onItem?: (run: unknown) => void;
  /** Called when the thread is followed, once. */
  readonly onSynced?: () => void;
}

async function view(
  { client, topic, signal, tell }: ViewOptions,
  reader: StreamReader<BaseEvent>,
  { since, isOver, onItem, onSynced }: Course,
): Promise<void> {
  let isSynced = false;
  for await (const { cursor, event } of client.stream({ topic, types: VIEWED, since, signal })) {
    if ('run_id' in event.data) onItem?.(event.data.run_id);
    // The place after an item is the viewer's once its last event was told.
    let last: { event: BaseEvent; place: Place<BaseEvent> | undefined } | undefined;
    for (const told of reader.take(event, cursor)) {
      if (last) tell(last.event, last.place);
      last = { event: told, place: reader.place };
    }
    if (last) tell(last.event, reader.place);
    if (event.event_type === 'stream_synced' && !isSynced) {
      isSynced = true;
      onSynced?.();
    }
    if (isOver()) return;
  }
  if (!signal.aborted) throw new EventsError('CLOSED', 'The client was closed.');
}
