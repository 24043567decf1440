import { EventsError } from '../../shared/index.ts';
import { duration } from '../progress.ts';
import { kindsOf } from '../schema/kinds.ts';
import type { EventsSource } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { parseJson, toLine } from './event-line.ts';
import { toText } from './format.ts';

/**
 * Prints what is open in a topic, as it is now: for people on a terminal, with the time for which it has been so; as lines of
 * JSON elsewhere.
 */
export async function printOpen(
  source: Pick<EventsSource, 'open'>,
  { topic, types }: { topic: string; types?: string[] },
  around: Surroundings,
): Promise<void> {
  const { items } = await source.open({ topic, types });
  for (const { cursor, event } of items)
    await around.print(around.isTerminal ? toText(event, age(event)) : toLine(cursor, event));
}

/** The time since an event was begun; a clock that is behind the server's makes it none. */
function age({ timestamp }: { timestamp: string }): string {
  return `for ${duration(Math.max(0, Date.now() - Date.parse(timestamp)))}`;
}

/**
 * Answers a question, and prints the cursor of the answer.
 * @throws EventsError, ALREADY_SETTLED with how and by whom it was; INVALID_OPTION for an event that is no question
 */
export async function answerOne(
  source: Pick<EventsSource, 'answer' | 'schema'>,
  { type, id, json, topic }: { type: string; id: string; json: string; topic: string },
  around: Surroundings,
): Promise<void> {
  const answer = parseJson(json, 'The answer');
  try {
    const { cursor } = await source.answer(type, id, answer, { topic });
    await around.print(JSON.stringify({ cursor }));
  } catch (error) {
    throw (await noQuestion(source, type, error)) ?? error;
  }
}

/** The error of an answer to an event that the schema knows, and that is no question: a router has no such call. */
async function noQuestion(
  source: Pick<EventsSource, 'schema'>,
  type: string,
  cause: unknown,
): Promise<EventsError | undefined> {
  const kinds = kindsOf(await source.schema());
  const kind = kinds.get(type);
  if (kind === undefined || kind === 'question') return undefined;
  const questions = [...kinds].flatMap(([name, each]) => (each === 'question' ? [name] : []));
  const is = kind === null ? 'is complete when it is published' : IS[kind];
  const those =
    questions.length > 0 ? `those of this catalog are ${questions.join(', ')}` : 'this catalog has none';
  const message = `${type} ${is}, so it has no answer. Questions can be answered: ${those}.`;
  return new EventsError('INVALID_OPTION', message, { cause });
}

const IS = {
  growing: 'is a text that grows',
  presence: 'is a presence, a member who is there',
  ephemeral: 'is ephemeral, an event that is never open',
} as const;
