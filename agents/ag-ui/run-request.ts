import type { RunAgentInput } from '@ag-ui/core';
import type { EventsClient } from '../../client/client-types.ts';
import { type ErrorCode, EventsError } from '../../shared/errors.ts';
import { idleClock, sleep } from '../../shared/timing.ts';
import type { OwnCatalog } from './ag-ui-events.ts';

/** Ms after which a run is asked for again: the server that took the request may have ended. */
const AGAIN_MS = 3_000;
/** Times that a run is asked for. */
const MAX_TRIES = 10;

/**
 * Asks for a run until it is seen. Its id makes it one run, however often it is asked for.
 * @throws EventsError that refuses it; UNAVAILABLE where no server begins it; INVALID_OPTION where it has ended before
 */
export async function requestRun(
  client: EventsClient<OwnCatalog>,
  topic: string,
  input: RunAgentInput,
  isSeen: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { runId: run_id } = input;
  const over = new AbortController();
  const refused = new Promise<never>((_, reject) => {
    const refuse = ({ code, message }: { code: string; message: string }) =>
      reject(new EventsError(code as ErrorCode, message)); // as the server had it
    client.on('agui_refused', ({ data: { error } }) => refuse(error), {
      topic,
      filter: { run_id },
      signal: AbortSignal.any([signal, over.signal]),
      onError: () => {}, // one who may not see refusals learns by the time that passes
    });
  });
  try {
    await Promise.race([refused, askUntilSeen(client, topic, input, isSeen, signal)]);
  } finally {
    over.abort();
  }
}

async function askUntilSeen(
  client: EventsClient<OwnCatalog>,
  topic: string,
  input: RunAgentInput,
  isSeen: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { runId: run_id } = input;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    await client.publish('agui_request', { input }, { topic, signal });
    await sleep(idleClock, AGAIN_MS, signal);
    if (isSeen()) return;
    const { items } = await client.history({ topic, types: ['run'], filter: { run_id }, limit: 1, signal });
    if (items.length > 0 && !isSeen()) throw wasRunBefore(run_id);
  }
  const tried = (MAX_TRIES * AGAIN_MS) / 1000;
  const message = `No server has begun run ${run_id} within ${tried} s: agUiRuns(…).serve(…) has to be called in each that takes requests. A refusal is told at once to those who may see agui_refused.`;
  throw new EventsError('UNAVAILABLE', message);
}

/** The error of a request for a run that has ended. */
export function wasRunBefore(run: string): EventsError {
  return new EventsError('INVALID_OPTION', `Run ${run} was run before: connect to its thread to see it.`);
}
