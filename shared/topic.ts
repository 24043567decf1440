import * as z from 'zod';
import { countedArray } from './data/bounded-schemas.ts';
import { refusedBy } from './errors.ts';
import { DEFAULT_TOPIC } from './protocol.ts';

/** Most topics one subscription follows, those that its patterns match included. */
export const MAX_TOPICS = 50;

/** The form of a topic's name. */
export const TOPIC_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/;

/** A topic is one ordered log, e.g. one simulation run. */
export const topicSchema = z.string().regex(TOPIC_PATTERN, {
  error: ({ input }) =>
    `A topic is 1–128 characters of A–Z a–z 0–9 _ . - and does not start with a dot${
      input?.includes('*') ? '; a subscription takes a pattern in topics' : ''
    }`,
});

/** A topic, or a pattern of topics in which `*` stands for any text: `run-*`. */
export const topicPatternSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_*-][A-Za-z0-9_.*-]{0,127}$/,
    'A topic or pattern is 1–128 characters of A–Z a–z 0–9 _ . - * and does not start with a dot',
  );

export const topicsSchema = countedArray(topicPatternSchema, MAX_TOPICS);

/** A topic name, checked. @throws EventsError INVALID_TOPIC */
export function parseTopic(topic: string = DEFAULT_TOPIC): string {
  return parse(topicSchema, topic, 'topic');
}

/** The topics that a subscription follows. */
export interface TopicChoice {
  /** By name, each once. */
  readonly names: readonly string[];
  /** True if there may be others, now or later. */
  readonly open: boolean;
  /** Tells if a topic is one of them. Topics that begin with `_` are the system's own: only patterns that begin with it match them. */
  includes(topic: string): boolean;
}

/** Topics and patterns, checked. @throws EventsError INVALID_TOPIC */
export function parseTopics(topics: readonly string[]): TopicChoice {
  const all = parse(topicsSchema, topics, 'topics');
  const names = new Set(all.filter((topic) => !topic.includes('*')));
  // Each once, and read once: they are asked for every topic there is.
  const patterns = [...new Set(all.filter((topic) => topic.includes('*')))].map((pattern) => ({
    isSystem: pattern.startsWith('_'),
    matches: patternTest(pattern),
  }));
  return {
    names: [...names],
    open: patterns.length > 0,
    includes: (topic) =>
      names.has(topic) ||
      patterns.some(({ isSystem, matches }) => topic.startsWith('_') === isSystem && matches(topic)),
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, name: 'topic' | 'topics'): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refusedBy(result.error, 'INVALID_TOPIC', { path: [name], says: `Invalid ${name}: ` });
}

/** Makes of a pattern in which `*` stands for anything a test of names, which takes time linear in the name per `*`. */
export function patternTest(pattern: string): (name: string) => boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return (name) => name === pattern;
  const parts = rest.filter((part) => part !== '');
  return (name) => {
    if (!name.startsWith(head)) return false;
    let at = head.length;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - tail.length >= at && name.endsWith(tail);
  };
}

/** Tells if a name matches a pattern. For many names, make a {@link patternTest}. */
export function matchesPattern(pattern: string, name: string): boolean {
  return patternTest(pattern)(name);
}

/** Tells if a name matches one of the patterns. */
export function matchesOne(patterns: readonly string[] | undefined, name: string): boolean {
  return patterns?.some((pattern) => matchesPattern(pattern, name)) ?? false;
}
