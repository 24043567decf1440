import { type ErrorCode, EventsError } from '../../shared/errors.ts';
import type { EventInput } from '../../shared/events.ts';
import { type Clock, sleep } from '../../shared/timing.ts';
import { MAX_INPUT_BYTES } from '../../shared/wire/limits.ts';
import type { ChatCatalog, ChatRequest } from './log/chat-events.ts';
import type { AcceptedRun, ChatClient } from './log/running-answer.ts';

/** Ms until a request without an answer is made again: its server may have died with it. */
const RETRY_MS = 5_000;
/** Times that a request is made. */
const TRIES = 6;

/** Bytes of a message beside the request in it, at most. */
const ENVELOPE_BYTES = 1_024;

/**
 * Asks for an answer, and again where nobody says that it is being written: the name of the request makes it one run.
 * @throws EventsError TOO_LARGE, before anything is sent; why it was refused; UNAVAILABLE where nobody has taken it
 */
export async function requestAnswer(
  client: ChatClient,
  topic: string,
  request: ChatRequest,
  clock: Clock,
): Promise<AcceptedRun> {
  const plain = asJson(request);
  const over = new AbortController();
  const accepted = new Promise<AcceptedRun>((resolve, reject) => {
    client.on(
      'chat_accepted',
      ({ data: { run, since, error } }) => {
        if (run !== undefined && since !== undefined) resolve({ run, since });
        else if (error) reject(new EventsError(error.code as ErrorCode, error.message)); // as the server had it
      },
      {
        topic,
        filter: { request: request.run_id },
        signal: over.signal,
        onError: (error, willRetry) => willRetry || reject(error),
      },
    );
  });
  try {
    return await Promise.race([accepted, askInTime(client, topic, plain, { clock, signal: over.signal })]);
  } finally {
    accepted.catch(() => {}); // where the other failed first
    over.abort();
  }
}

/** Publishes the request until it is over. @throws EventsError what publishing throws; UNAVAILABLE after the last try */
async function askInTime(
  client: ChatClient,
  topic: string,
  request: EventInput<'chat_request', ChatCatalog>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<never> {
  for (let tries = 0; tries < TRIES; tries++) {
    await client.publish('chat_request', request, { topic });
    await sleep(clock, RETRY_MS, signal).catch(() => {});
    if (signal.aborted) break;
  }
  const message = `Nobody answers chats in topic ${topic}: the server that was asked has to call chatRuns(manager).serve(…).`;
  throw new EventsError('UNAVAILABLE', message);
}

/** A request as JSON has it: without what is undefined. @throws EventsError TOO_LARGE: a server would end the connection for it */
function asJson(request: ChatRequest): EventInput<'chat_request', ChatCatalog> {
  const text = JSON.stringify(request);
  const { length } = new TextEncoder().encode(text);
  if (length <= MAX_INPUT_BYTES - ENVELOPE_BYTES) return JSON.parse(text);
  const message = `The chat is too long for one request, which may have 1 MiB: its messages have ${length} bytes. Hand over files as addresses, or begin another chat.`;
  throw new EventsError('TOO_LARGE', message);
}
