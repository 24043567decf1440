import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Selection } from './event-access.ts';

/** A command with these options. */
export function withOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

/** Examples below a command's help. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ psyche-events ${line}\n`).join('')}`;
}

/** Where events come from and go to. */
export const accessOptions = (): Option[] => [
  new Option('--url <url>', 'the server').default('http://127.0.0.1:3000'),
  new Option('--token <token>', 'who you are to the server, where it asks').env('PSYCHE_TOKEN'),
  new Option('--redis <url>', 'straight to Redis, past any server').conflicts('url'),
];

export const topicOption = (): Option => new Option('--topic <topic>', 'the log').default('default');

export const typesOption = (): Option =>
  new Option('--types <types>', 'event types, comma-separated (default: all)').argParser((list) =>
    list.split(',').map((type) => type.trim()),
  );

export const sinceOption = (): Option =>
  new Option('--since <position>', 'a cursor, or an ISO 8601 time').argParser(parsePosition);

export const selectionOptions = (): Option[] => [
  topicOption(),
  typesOption(),
  sinceOption(),
  new Option('--last <n>', 'the last n of these events').argParser(parseCount).conflicts('since'),
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

/** A number above 0, as an option's value. */
export function parsePositive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('Pass a number above 0.');
  return number;
}

/** A whole number above 0, as an option's value. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Pass a whole number above 0.');
  return count;
}

/** A cursor, or a time, as an option's value. */
export function parsePosition(text: string): string | { at: string } {
  if (!/^\d{4}-/.test(text)) return text; // a cursor; whoever made it checks it
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('Pass a cursor, or an ISO 8601 time.');
  return { at: time.toISOString() };
}
