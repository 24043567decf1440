import { defineEvents } from 'psyche-events';
import * as z from 'zod';

/** The events. Another event is one more schema here: server, client and hooks have it, with its type. */
export const catalog = defineEvents({
  message: z.object({ text: z.string().min(1), at: z.date() }),
});
