import * as z from 'zod';
import { defineEvents, ephemeral, growing, presence, question } from '../../shared/index.ts';

/** A catalog with an event of each kind. */
export const openCatalog = defineEvents({
  note: z.object({ text: z.string() }),
  reply: growing(z.object({ agent_id: z.string(), text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
  viewer: presence(z.object({ name: z.string() })),
  typing: ephemeral(z.object({ who: z.string() })),
});
export type OpenCatalog = typeof openCatalog;
