import { defineEvents, question } from 'psyche-events';
import * as z from 'zod';

export const catalog = defineEvents({
  approval: question({
    asks: z.object({ tool: z.string(), target: z.string() }),
    answers: z.object({ allow: z.boolean() }),
  }),
});
