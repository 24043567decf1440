import { InvalidArgumentError, Option } from 'commander';
import type { Selection } from './event-access.ts';

/** Where events come from and go to. */
export const accessOptions = (): Option[] => [
  new Option('--url <url>', 'the server').default('http://127.0.0.1:3000'),
  new Option('--token <token>', 'who you are to the server, where it asks').env('PSYCHE_TOKEN'),
  new Option('--redis <url>', 'straight to Redis, past any server').conflicts('url'),
];

export const topicOption = (): Option => new Option('--topic <topic>', 'the log').default('default');

export const selectionOptions = (): Option[] => [
  topicOption(),
  new Option('--types <types>', 'event types, comma-separated (default: all)').argParser((list) =>
    list.split(',').map((type) => type.trim()),
  ),
  new Option('--since <position>', 'a cursor, or an ISO 8601 time').argParser(parseSince),
  new Option('--last <n>', 'the last n of these events').argParser(parseLast).conflicts('since'),
];

/** As commander hands over {@link selectionOptions}. */
export interface SelectionOptions {
  topic: string;
  types?: string[];
  since?: NonNullable<Selection['since']>;
  last?: number;
}

export function toSelection({ topic, types, since, last }: SelectionOptions): Selection {
  return { topic, types, since: since ?? (last === undefined ? undefined : { last }) };
}

function parseSince(text: string): NonNullable<Selection['since']> {
  if (!/^\d{4}-/.test(text)) return text; // a cursor; whoever made it checks it
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('Pass a cursor, or an ISO 8601 time.');
  return { at: time.toISOString() };
}

function parseLast(text: string): number {
  const last = Number(text);
  if (!Number.isInteger(last) || last < 1) throw new InvalidArgumentError('Pass a whole number above 0.');
  return last;
}
