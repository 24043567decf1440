import type { EventsClient } from '../../../client/client-types.ts';
import { placeBefore } from '../../../server/runs/run-search.ts';
import type { ChatCatalog } from './chat-events.ts';

/** A client as chats use it. */
export type ChatClient = EventsClient<ChatCatalog>;

/** A run that answers, and a place before its opening. */
export interface AcceptedRun {
  readonly run: string;
  readonly since: string;
}

/** A run to show, and what it was started with. */
export interface ShownRun extends AcceptedRun {
  readonly input: unknown;
}

/**
 * The answer that is being written in a topic now, the newest if there are several; undefined where there is none.
 * @param run the one that is meant
 * @throws EventsError FORBIDDEN, INVALID_TOPIC, UNAVAILABLE
 */
export async function runningAnswer(
  client: ChatClient,
  topic: string,
  run?: string,
): Promise<ShownRun | undefined> {
  const { items } = await client.open({ topic, types: ['run'] });
  const { event, cursor } =
    items.findLast(({ event: { data } }) => data.kind === 'chat' && (run ?? data.run_id) === data.run_id) ??
    {};
  if (!event || cursor === undefined) return undefined;
  const { run_id, input } = event.data;
  return { run: run_id, input, since: placeBefore(cursor) };
}
