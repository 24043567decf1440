import * as z from 'zod';

/**
 * Treatment of a subscription whose reader cannot keep up [D9].
 * `refill`: it is sent everything from the log as it reads · `conflate`: it is sent the latest event of each type, and
 * what was left out is announced · `disconnect`: it is cut with 4008 SLOW_CONSUMER and may resume.
 */
export const whenSlowSchema = z.enum(['refill', 'conflate', 'disconnect']);
/** Treatment of a subscription whose reader cannot keep up [D9]. */
export type WhenSlow = z.output<typeof whenSlowSchema>;
