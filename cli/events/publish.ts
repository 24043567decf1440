import { type ErrorCode, EventsError, formatIssues, type PublishResult } from '../../shared/index.ts';
import type { EventsSource } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { Coercion } from './coerce.ts';
import { fromLine, type Input, parseJson } from './event-line.ts';
import type { InputBytes } from './input-bytes.ts';
import { OpenLines } from './open-lines.ts';
import { type Line, readLines } from './read-lines.ts';

/** Events per request: well below what a server takes. */
const BATCH = 500;

/** Codes of events that are wrong. After another error, such as UNAVAILABLE, some of them may have been stored. */
const REFUSED: readonly ErrorCode[] = ['INVALID_EVENT', 'UNKNOWN_EVENT'];

/** The destination of events. */
export interface Destination {
  source: EventsSource;
  topic: string | undefined;
}

/** A destination, and where it is told what was published. */
export interface PublishTo extends Destination {
  around: Surroundings;
}

/** Publishes one event. @throws EventsError, as do all of these: its message names the fields that are wrong */
export async function publishOne(to: PublishTo, type: string, json: string): Promise<void> {
  const event = { event_type: type, data: parseJson(json, 'The data') };
  await printAll(to, await send(to, [{ name: '', event }]));
}

/** Publishes each line of input as it arrives: data of one type, or, without a type, whole events. */
export async function publishLines(
  to: PublishTo,
  type: string | undefined,
  input: InputBytes,
): Promise<void> {
  const read = (line: Line): Input[] => (type === undefined ? fromLine(line) : dataOf(line, type));
  const open = new OpenLines(to.source.keepsSettlements);
  for await (const results of publishAll(to, input, read, open)) await printAll(to, results);
  open.note(to.around, REDIS_INSTEAD);
}

/**
 * Publishes what `export` wrote, as it was. An event's key is its place in the log it comes from, so that a second
 * import within five minutes, of the same file or of another part of that log, stores nothing twice [D3]. Straight to a
 * log it is `by` whom it was; a server names whoever imports [V6]. Of open events, settlements are stored: see {@link OpenLines}.
 */
export async function importLines(to: PublishTo, input: InputBytes): Promise<void> {
  let stored = 0;
  let duplicates = 0;
  const open = new OpenLines(to.source.keepsSettlements);
  for await (const results of publishAll(to, input, withKey, open)) {
    for (const { duplicate } of results) duplicate ? duplicates++ : stored++;
  }
  const { leftOut } = open;
  await to.around.print(JSON.stringify({ stored, duplicates, ...(leftOut > 0 && { leftOut }) }));
  open.note(to.around, REDIS_INSTEAD);
}

const REDIS_INSTEAD = ' through a server: import straight into Redis, with --redis';

/** Publishes events. @throws EventsError in terms of the input: `Line 3: data.sentiment.score: Too big` */
export async function send(
  { source, topic }: Destination,
  inputs: readonly Input[],
): Promise<PublishResult[]> {
  const written = inputs.every(({ isExact }) => isExact) ? undefined : await coercionOf(source);
  const events = inputs.map(({ isExact, event }) => (isExact || !written ? event : written.event(event)));
  try {
    return await source.publishBatch(events, {
      topic,
      by: inputs.map(({ by }) => by),
      settled: inputs.map(({ open, answer }) => open && { open, answer }),
    });
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    const told = named(error, inputs);
    throw written?.isKnown === false && told.code === 'INVALID_EVENT' ? extended(told, NO_SCHEMA) : told;
  }
}

const NO_SCHEMA =
  'Dates, big numbers, maps and sets are made of JSON by the schema that a server has at schema.json, beside its endpoint; this one has none there. A server started by startServer serves it; a server of your own must do so itself, with toJsonSchema(catalog).';

/** The error with a sentence more. */
function extended(error: EventsError, sentence: string): EventsError {
  const text = error.message.replace(/[^.]$/, '$&.');
  return new EventsError(error.code, `${text} ${sentence}`, { issues: error.issues, cause: error });
}

const coercions = new WeakMap<EventsSource, Promise<Coercion>>();

/** By the schema of the server that is published to, which is asked for once. */
function coercionOf(source: EventsSource): Promise<Coercion> {
  const known = coercions.get(source) ?? source.schema().then((schema) => new Coercion(schema));
  coercions.set(source, known);
  return known;
}

async function* publishAll(
  to: PublishTo,
  input: InputBytes,
  read: (line: Line) => Input[],
  open: OpenLines,
): AsyncGenerator<PublishResult[], void, undefined> {
  using progress = to.around.progress(input.share);
  for await (const lines of readLines(input)) {
    let first = `line ${lines[0]?.number}`;
    try {
      const events = lines.flatMap(read).flatMap((event) => open.admit(event) ?? []);
      for (let start = 0; start < events.length; start += BATCH) {
        const batch = events.slice(start, start + BATCH);
        first = batch[0]?.name.toLowerCase() ?? first;
        const results = await send(to, batch);
        progress.add(results.length);
        yield results;
      }
    } catch (error) {
      if (!(error instanceof EventsError && REFUSED.includes(error.code))) throw error;
      throw extended(error, `Nothing was stored from ${first} on.`);
    }
  }
}

function dataOf({ number, text }: Line, type: string): Input[] {
  const name = `Line ${number}`;
  return [{ name, event: { event_type: type, data: parseJson(text, name) } }];
}

function withKey(line: Line): Input[] {
  return fromLine(line).map((input) => {
    const idempotencyKey = input.event.idempotencyKey ?? input.cursor;
    if (idempotencyKey !== undefined) return { ...input, event: { ...input.event, idempotencyKey } };
    throw new EventsError(
      'INVALID_EVENT',
      `${input.name} has no cursor: import reads only the lines that export wrote. Use publish for this input.`,
    );
  });
}

async function printAll({ around }: PublishTo, results: readonly PublishResult[]): Promise<void> {
  for (const result of results) await around.print(JSON.stringify(result));
}

function named(error: EventsError, inputs: readonly Input[]): EventsError {
  const [issue] = error.issues;
  if (issue?.path[0] !== 'events' || typeof issue.path[1] !== 'number') return error;
  const issues = error.issues.map(({ path, message }) => ({ path: path.slice(2), message }));
  const name = inputs[issue.path[1]]?.name;
  const text = formatIssues(issues);
  return new EventsError(error.code, name ? `${name}: ${text}` : text, { issues, cause: error });
}
