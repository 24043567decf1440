import { type ErrorCode, EventsError } from '../../shared/index.ts';
import type { Surroundings } from '../surroundings.ts';
import { fromLine, type Input, parseJson } from './event-line.ts';
import type { InputBytes } from './input-bytes.ts';
import { OpenLines } from './open-lines.ts';
import { type Line, readLines } from './read-lines.ts';
import { batchesOf, type Destination, extended, type Sent, send } from './send.ts';

/** Codes of events that are wrong, or are not published. After another error, such as UNAVAILABLE, some of them may have been stored. */
const REFUSED: readonly ErrorCode[] = ['INVALID_EVENT', 'UNKNOWN_EVENT', 'INVALID_OPTION'];

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
  open.note(to.around, ADVICE);
}

/**
 * Publishes what `export` wrote, as it was. An event's key is its place in the log it comes from, so that a second
 * import within five minutes, of the same file or of another part of that log, stores nothing twice [D3]. Straight to a
 * log it is `by` whom it was; a server names whoever imports [V6]. Of open events, settlements are stored: see {@link OpenLines}.
 */
export async function importLines(to: PublishTo, input: InputBytes): Promise<void> {
  let stored = 0;
  let duplicates = 0;
  let announced = 0;
  const open = new OpenLines(to.source.keepsSettlements);
  for await (const results of publishAll(to, input, withKey, open)) {
    for (const result of results) {
      if (result.stored === false) announced++;
      else if (result.duplicate) duplicates++;
      else stored++;
    }
  }
  const { leftOut } = open;
  const others = { ...(announced > 0 && { announced }), ...(leftOut > 0 && { leftOut }) };
  await to.around.print(JSON.stringify({ stored, duplicates, ...others }));
  open.note(to.around, ADVICE);
}

/** A log takes settlements as they are; the log of a server without Redis is reached by code alone. */
const KEEP_THEM =
  'import straight into Redis, with --redis, or into a file by code, with `settled` of publishBatch';
const ADVICE = { questions: ` through a server: ${KEEP_THEM}`, aborted: `. To keep that, ${KEEP_THEM}` };

async function* publishAll(
  to: PublishTo,
  input: InputBytes,
  read: (line: Line) => Input[],
  open: OpenLines,
): AsyncGenerator<readonly Sent[], void, undefined> {
  using progress = to.around.progress(input.share);
  for await (const lines of readLines(input)) {
    let first = `line ${lines[0]?.number}`;
    try {
      const events = lines.flatMap(read).flatMap((event) => open.admit(event) ?? []);
      for (const batch of await batchesOf(to, events)) {
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
  const event = { event_type: type, data: parseJson(text, name) };
  return [{ name, bytes: Buffer.byteLength(text), event }];
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

async function printAll({ around }: PublishTo, results: readonly Sent[]): Promise<void> {
  for (const result of results) await around.print(JSON.stringify(result));
}
