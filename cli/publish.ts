import { z } from 'zod';
import {
  type AnyCatalog,
  EventsError,
  type EventToPublish,
  formatIssues,
  isStreamNotice,
} from '../shared/index.ts';
import type { EventAccess } from './event-access.ts';
import { print } from './output.ts';
import { type Line, readLines } from './read-lines.ts';

/** Events per request: well below what a server takes. */
const BATCH = 500;

interface Input {
  /** What errors call it; empty where there is only one. */
  readonly name: string;
  readonly event: EventToPublish<AnyCatalog>;
}

/** A line of input without a type of its own. What `tail` and `history` print will do; `cursor` is left out. */
const envelope = z.object({
  event_type: z.string(),
  data: z.unknown(),
  timestamp: z.string().optional(),
  idempotencyKey: z.string().optional(),
});

export interface PublishTo {
  access: EventAccess;
  topic: string | undefined;
}

/** Publishes one event. @throws EventsError, as do all of these: its message names the fields that are wrong */
export async function publishOne(to: PublishTo, type: string, json: string): Promise<void> {
  await send(to, [{ name: '', event: { event_type: type, data: parse(json, 'The data') } }]);
}

/** Publishes each line of input as it arrives: data of one type, or, without a type, whole events. */
export async function publishLines(
  to: PublishTo,
  type: string | undefined,
  input: AsyncIterable<string>,
): Promise<void> {
  for await (const lines of readLines(input)) {
    const events = lines.flatMap((line) => toInput(line, type));
    for (let start = 0; start < events.length; start += BATCH)
      await send(to, events.slice(start, start + BATCH));
  }
}

async function send({ access, topic }: PublishTo, inputs: readonly Input[]): Promise<void> {
  try {
    const results = await access.publishBatch(
      inputs.map(({ event }) => event),
      { topic },
    );
    for (const result of results) await print(JSON.stringify(result));
  } catch (error) {
    throw error instanceof EventsError ? named(error, inputs) : error;
  }
}

function toInput({ number, text }: Line, type: string | undefined): Input[] {
  const name = `Line ${number}`;
  const value = parse(text, name);
  if (type !== undefined) return [{ name, event: { event_type: type, data: value } }];
  const { success, data: event } = envelope.safeParse(value);
  if (!success) {
    throw new EventsError(
      'INVALID_EVENT',
      `${name} is not an event: it needs event_type and data, or pass a type`,
    );
  }
  return isStreamNotice(event) ? [] : [{ name, event }];
}

function parse(json: string, name: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new EventsError('INVALID_EVENT', `${name} is not JSON: ${(error as Error).message}`);
  }
}

/** The error of a batch, in terms of the input: `Line 3: data.sentiment.score: Too big`. */
function named(error: EventsError, inputs: readonly Input[]): EventsError {
  const [issue] = error.issues;
  if (issue?.path[0] !== 'events' || typeof issue.path[1] !== 'number') return error;
  const issues = error.issues.map(({ path, message }) => ({ path: path.slice(2), message }));
  const name = inputs[issue.path[1]]?.name;
  const text = formatIssues(issues);
  return new EventsError(error.code, name ? `${name}: ${text}` : text, { issues, cause: error });
}
