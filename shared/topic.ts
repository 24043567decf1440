import { z } from 'zod';

/** The topic of everything that names none. */
export const DEFAULT_TOPIC = 'default';

/** A topic is one ordered log, e.g. one simulation run. */
export const topicSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/,
    'A topic is 1–128 characters of A–Z a–z 0–9 _ . - and does not start with a dot',
  );
