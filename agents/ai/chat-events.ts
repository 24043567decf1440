import type { UIMessage, UIMessageChunk } from 'ai';
import * as z from 'zod';
import { jsonValue } from '../../shared/data/bounded-schemas.ts';
import { ephemeral, growing } from '../../shared/open/kinds.ts';
import { MAX_INPUT_BYTES } from '../../shared/wire/limits.ts';

/** Characters of an id: the SDK's own have 16, those of providers up to some 100. */
const id = z.string().min(1).max(256);

/** JSON with text fields. Its details are the SDK's matter, whose versions 6 and 7 differ in them. */
function typed<T>(fields: z.ZodRawShape) {
  const schema = z.looseObject(fields).catchall(jsonValue());
  return schema as z.ZodType<unknown, unknown> as z.ZodType<T, T>;
}
