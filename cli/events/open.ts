import { duration } from '../progress.ts';
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

/** Answers a question, and prints the cursor of the answer. @throws EventsError, ALREADY_SETTLED with how and by whom it was */
export async function answerOne(
  source: Pick<EventsSource, 'answer'>,
  { type, id, json, topic }: { type: string; id: string; json: string; topic: string },
  around: Surroundings,
): Promise<void> {
  const { cursor } = await source.answer(type, id, parseJson(json, 'The answer'), { topic });
  await around.print(JSON.stringify({ cursor }));
}
