import { defineEvents } from 'psyche-events';
import * as z from 'zod';

export const catalog = defineEvents({
  dream: z.object({ at: z.date(), heard: z.map(z.string(), z.bigint()), length: z.bigint() }),
});
