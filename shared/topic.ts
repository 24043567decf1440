import { z } from 'zod';
import { EventsError, formatIssues, toIssues } from './errors.ts';

/** The topic of everything that names none. */
export const DEFAULT_TOPIC = 'default';

/** A topic is one ordered log, e.g. one simulation run. */
export const topicSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/,
    'A topic is 1–128 characters of A–Z a–z 0–9 _ . - and does not start with a dot',
  );

/** A topic name, checked. @throws EventsError INVALID_TOPIC */
export function parseTopic(topic: string = DEFAULT_TOPIC): string {
  const result = topicSchema.safeParse(topic);
  if (result.success) return result.data;
  const issues = toIssues(result.error, ['topic']);
  throw new EventsError('INVALID_TOPIC', `Invalid topic: ${formatIssues(issues)}`, { issues });
}
