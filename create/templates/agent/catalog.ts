import { defineEvents, ephemeral, growing } from 'psyche-events';
import * as z from 'zod';

/** The events. Another event is one more schema here: server, agent and page have it, with its type. */
export const catalog = defineEvents({
  message: z.object({ text: z.string().min(1) }),
  reply: growing(z.object({ text: z.string() }), 'text'), // open while its text grows
  stop: ephemeral(z.object({ reply: z.string() })), // for whoever writes that reply now; never stored
});
