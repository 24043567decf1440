import * as z from 'zod';
import { defineEvents, ephemeral, growing, presence, question } from '../../shared/index.ts';
import { catalogModule } from './catalog-module.ts';

/** Events of each kind, as an application with agents has them. */
export const approvals = defineEvents({
  note: z.object({ text: z.string() }),
  reply: growing(z.object({ text: z.string() }), 'text'),
  approval: question({
    asks: z.object({ tool: z.string() }),
    answers: z.object({ allow: z.boolean(), until: z.date().optional() }),
  }),
  viewer: presence(z.object({ name: z.string() })),
  typing: ephemeral(z.object({ who: z.string() })),
});

/** A module that exports them, for --catalog. Returns its path. */
export function approvalsModule(directory: string): string {
  return catalogModule(
    directory,
    'approvals.mjs',
    `{
  note: z.object({ text: z.string() }),
  reply: growing(z.object({ text: z.string() }), 'text'),
  approval: question({
    asks: z.object({ tool: z.string() }),
    answers: z.object({ allow: z.boolean(), until: z.date().optional() }),
  }),
  viewer: presence(z.object({ name: z.string() })),
  typing: ephemeral(z.object({ who: z.string() })),
}`,
  );
}
