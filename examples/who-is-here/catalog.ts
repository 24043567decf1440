import { defineEvents, presence } from 'psyche-events';
import * as z from 'zod';

export const catalog = defineEvents({ visitor: presence(z.object({ name: z.string() })) });
