import { EventsError, formatIssues, type PublishResult } from '../../shared/index.ts';
import { MAX_INPUT_BYTES } from '../../shared/wire/limits.ts';
import { Coercion } from '../schema/coerce.ts';
import { kindsOf } from '../schema/kinds.ts';
import type { EventsSource } from '../sources/event-source.ts';
import type { Input } from './event-line.ts';

/** Events per request: well below what a server takes. */
const BATCH = 500;
/**
 * Bytes of the lines of one request, unless it has one line alone: an eighth of what a server takes, and so, at two bytes a
 * value or more, with fewer values than it takes, too.
 */
const BATCH_BYTES = MAX_INPUT_BYTES / 8;

/** The destination of events. */
export interface Destination {
  source: EventsSource;
  topic: string | undefined;
}

/** The result of a publish; `stored` is false of an event that no log stores, whose cursor is that of the record before it. */
export type Sent = PublishResult & { stored?: false };

/** The inputs in their order, in batches for {@link send}: an event that no log stores goes by itself. */
export async function batchesOf({ source }: Destination, inputs: readonly Input[]): Promise<Input[][]> {
  const facts = await factsFor(source, inputs);
  const batches: Input[][] = [];
  let isClosed = true;
  let bytes = 0;
  for (const input of inputs) {
    const isAlone = isUnstored(facts, input);
    const last = batches.at(-1);
    bytes += input.bytes ?? 0;
    if (last && !isClosed && !isAlone && last.length < BATCH && bytes <= BATCH_BYTES) last.push(input);
    else {
      batches.push([input]);
      bytes = input.bytes ?? 0;
    }
    isClosed = isAlone;
  }
  return batches;
}

/** Publishes events. @throws EventsError in terms of the input: `Line 3: data.sentiment.score: Too big` */
export async function send(
  { source, topic }: Destination,
  inputs: readonly Input[],
): Promise<readonly Sent[]> {
  const facts = await factsFor(source, inputs);
  const events = inputs.map(({ isExact, event }) =>
    isExact || !facts ? event : facts.coercion.event(event),
  );
  const [input] = inputs;
  const [event] = events;
  const announce = async (): Promise<Sent[]> =>
    event ? [{ ...(await source.publish(event, { topic, by: input?.by })), stored: false }] : [];
  try {
    if (input && isUnstored(facts, input)) return await announce();
    return await source.publishBatch(events, {
      topic,
      by: inputs.map(({ by }) => by),
      settled: inputs.map(({ open, answer }) => open && { open, answer }),
    });
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    if (input && isUnstored(facts, input)) throw ofEvent(error, input);
    // Where no schema tells kinds, the refusal of an event that goes another way does.
    if (facts?.kinds.size === 0 && inputs.length === 1 && error.code === 'INVALID_OPTION') return announce();
    const told = named(error, inputs);
    const isUnread = facts?.coercion.isKnown === false && inputs.some(({ isExact }) => !isExact);
    throw isUnread && told.code === 'INVALID_EVENT' ? extended(told, NO_SCHEMA) : told;
  }
}

const NO_SCHEMA =
  'Dates, big numbers, maps and sets are made of JSON by the schema that a server has at schema.json, beside its endpoint; this one has none there. A server started by startServer serves it; a server of your own must do so itself, with toJsonSchema(catalog).';

/** The error with a sentence more. */
export function extended(error: EventsError, sentence: string): EventsError {
  const text = error.message.replace(/[^.]$/, '$&.');
  return new EventsError(error.code, `${text} ${sentence}`, { issues: error.issues, cause: error });
}

/** Facts that the schema of a server or a catalog tells of events. */
interface SchemaFacts {
  readonly coercion: Coercion;
  readonly kinds: ReturnType<typeof kindsOf>;
}

const known = new WeakMap<EventsSource, Promise<SchemaFacts>>();

/** By the schema of the server that is published to, which is asked for once; undefined where all comes from a log as it is. */
async function factsFor(source: EventsSource, inputs: readonly Input[]): Promise<SchemaFacts | undefined> {
  if (inputs.every(({ cursor, isExact }) => isExact && cursor !== undefined)) return undefined;
  const facts =
    known.get(source) ??
    source.schema().then((schema) => ({ coercion: new Coercion(schema), kinds: kindsOf(schema) }));
  known.set(source, facts);
  return facts;
}

/** Tells if no log stores an event. One that comes from a log was stored there, so whoever takes it says what is wrong. */
function isUnstored(facts: SchemaFacts | undefined, { cursor, event }: Input): boolean {
  return cursor === undefined && facts?.kinds.get(event.event_type) === 'ephemeral';
}

function named(error: EventsError, inputs: readonly Input[]): EventsError {
  const [issue] = error.issues;
  if (issue?.path[0] !== 'events' || typeof issue.path[1] !== 'number') return error;
  const issues = error.issues.map(({ path, message }) => ({ path: path.slice(2), message }));
  return ofEvent(new EventsError(error.code, error.message, { issues, cause: error }), inputs[issue.path[1]]);
}

/** The error of one event by its issues, with its name; one without issues, such as UNAVAILABLE, is of no event. */
function ofEvent(error: EventsError, input: Input | undefined): EventsError {
  const { code, issues } = error;
  if (issues.length === 0) return error;
  const text = formatIssues(issues);
  return new EventsError(code, input?.name ? `${input.name}: ${text}` : text, { issues, cause: error });
}
