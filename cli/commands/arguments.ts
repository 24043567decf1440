import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Followed, Stored } from '../sources/event-source.ts';

/** A command with these options. */
export function withOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

/** Examples below a command's help. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ psyche-events ${line}\n`).join('')}`;
}

export const pathOption = (): Option =>
  new Option('--path <path>', 'the key of the events in a router of your own, such as events or a.events');

/** The events of an application of your own. @param use when the module is read */
export const catalogOption = (use = ''): Option =>
  new Option(
    '--catalog <module>',
    `${use}the module that exports the events, as \`catalog\` or default (default: the simulation's)`,
  );

/** Arguments for a server. */
export const serverOptions = (): Option[] => [
  new Option('--url <url>', 'the server').default('http://127.0.0.1:3000'),
  pathOption().conflicts('redis'),
  new Option('--token <token>', 'who you are to the server, where it asks').env('PSYCHE_TOKEN'),
];

/** Arguments for the source and the destination of events. */
export const sourceOptions = (): Option[] => [
  ...serverOptions(),
  new Option('--redis <url>', 'straight to Redis, past any server').conflicts('url'),
  catalogOption('with --redis: ').conflicts('url'),
];

export const topicOption = (description = 'the log'): Option =>
  new Option('--topic <topic>', description).default('default');

export const typesOption = (): Option =>
  new Option('--types <types>', 'event types, comma-separated (default: all)').argParser((list) =>
    list.split(',').map((type) => type.trim()),
  );

export const sinceOption = (): Option =>
  new Option('--since <position>', 'a cursor, or an ISO 8601 time').argParser(parsePosition);

export const filterOption = (): Option =>
  new Option(
    '--filter <json>',
    'conditions on the data, and on who published: \'{"sentiment.score":{"lt":0},"by":"ego"}\'',
  ).argParser(parseFilter);

/** For what reads the past. */
export const openingsOption = (): Option =>
  new Option('--openings', 'also the openings of open events that were settled since');

const positionOptions = (): Option[] => [
  typesOption(),
  filterOption(),
  sinceOption(),
  new Option('--last <n>', 'the last n of these events').argParser(parseCount).conflicts('since'),
];

/** For what reads one log. */
export const selectionOptions = (): Option[] => [topicOption(), ...positionOptions(), openingsOption()];

/** For what follows logs as they go on. */
export const followOptions = (): Option[] => [
  topicOption('the log, or several: names and patterns such as run-*, comma-separated'),
  ...positionOptions(),
  ...deliveryOptions(),
];

/** Options of a subscription that have a flag of their own, by the same name. */
const deliveryOptions = (): Option[] => [
  new Option('--every <ms>', 'at most once in so many ms: the latest of each type').argParser(parseCount),
  new Option('--latest-by <field>', 'with --every: the latest of each value of a field of the data'),
];

/** As commander hands over {@link followOptions}. */
export type FollowFlags = SelectionFlags & Omit<Followed, keyof Stored | 'topics'>;

export function toFollowed(options: FollowFlags): Followed {
  const { topic, ...stored } = toStored(options);
  const which = /[*,]/.test(options.topic)
    ? { topics: options.topic.split(',').map((name) => name.trim()) }
    : { topic };
  const delivery = deliveryOptions().map((option) => option.attributeName());
  return {
    ...which,
    ...stored,
    ...Object.fromEntries(delivery.map((name) => [name, Reflect.get(options, name)])),
  };
}

/** As commander hands over {@link selectionOptions}. */
export interface SelectionFlags {
  topic: string;
  types?: string[];
  filter?: NonNullable<Stored['filter']>;
  since?: NonNullable<Stored['since']>;
  last?: number;
  openings?: boolean;
}

export function toStored({ topic, types, filter, since, last, openings }: SelectionFlags): Stored {
  return {
    topic,
    types,
    filter,
    since: since ?? (last === undefined ? undefined : { last }),
    ...(openings && { openings }),
  };
}

/** A number above 0, as an option's value. */
export function parsePositive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('Pass a number above 0.');
  return number;
}

/** Seconds of the longest timer: LONGEST_TIMER_MS, of which no module is loaded for a help text. */
const MOST_SECONDS = 2_147_483;

/** The seconds of one timer, as an option's value: one for longer than there is ends at once. */
export function parseSeconds(text: string): number {
  const seconds = parsePositive(text);
  if (seconds > MOST_SECONDS) throw new InvalidArgumentError(`Pass at most ${MOST_SECONDS} seconds.`);
  return seconds;
}

/** A whole number above 0, as an option's value. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Pass a whole number above 0.');
  return count;
}

/** Conditions on the data, as an option's value; the server checks their fields. */
function parseFilter(text: string): NonNullable<Stored['filter']> {
  try {
    const filter: unknown = JSON.parse(text);
    if (isFilter(filter)) return filter;
  } catch {} // refused below
  throw new InvalidArgumentError('Pass an object as JSON, such as \'{"agent_id":"ego"}\'.');
}

function isFilter(value: unknown): value is NonNullable<Stored['filter']> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A cursor, or a time, as an option's value. */
export function parsePosition(text: string): string | { at: string } {
  if (/^~|^\w+:\d+$/.test(text)) return text; // a cursor; whoever made it checks it
  const time = new Date(text);
  if (!/^\d{4}-/.test(text) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError(
      'Pass a cursor, as events are printed with, or an ISO 8601 time such as 2026-01-31T12:00Z.',
    );
  return { at: time.toISOString() };
}
