import { defineEvents, ephemeral, growing } from 'psyche-events';
import * as z from 'zod';

export const catalog = defineEvents({
  message: z.object({ text: z.string() }), // complete when it is published, as events are
  reply: growing(z.object({ text: z.string() }), 'text'), // open while its text grows
  stop: ephemeral(z.object({ reply: z.string() })), // for whoever writes that reply now; never stored
});
