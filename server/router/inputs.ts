import * as z from 'zod';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { cursorSchema } from '../../shared/cursor.ts';
import { countedArray } from '../../shared/data/counted-array.ts';
import { idempotencyKeySchema, timestampSchema } from '../../shared/events.ts';
import { everySchema, latestBySchema } from '../../shared/every.ts';
import { filterSchema } from '../../shared/filter/filter-schema.ts';
import { MAX_PAGE } from '../../shared/history.ts';
import { MAX_SPEED } from '../../shared/replay.ts';
import { sinceSchema, subscribeSinceSchema } from '../../shared/since.ts';
import { topicSchema, topicsSchema } from '../../shared/topic.ts';
import { anyCursorSchema } from '../../shared/topics-cursor.ts';
import { whenSlowSchema } from '../../shared/when-slow.ts';

/** Most events in one `publish.batch`. */
export const MAX_BATCH = 1000;

/** Most types that one subscription or page names; a catalog may have fewer. */
const MAX_TYPES = 1000;

const topic = topicSchema.optional();

const filter = filterSchema.optional();

/** The envelope of a publish; its `data` is validated by the catalog, like every other way in. */
export const publishInput = z.strictObject({
  data: z.unknown(),
  topic,
  timestamp: timestampSchema.optional(),
  idempotencyKey: idempotencyKeySchema.optional(),
  traceparent: z.string().max(256).optional(),
});

export const batchInput = z.strictObject({
  topic,
  events: countedArray(publishInput.omit({ topic: true }).extend({ event_type: z.string() }), MAX_BATCH),
});

/** The part of a publish that decides its permission. In all of these null is undefined, which JSON does not have. */
export const askedOfPublish = asked({ topic });

export const askedOfBatch = asked({
  topic,
  events: countedArray(z.object({ event_type: z.string() }), MAX_BATCH),
});

/** The part of a subscription that decides its permission. */
export function askedOfSubscribe(names: readonly string[]) {
  return asked({ topic, topics: topicsSchema.optional(), types: typesSchema(names) });
}

/** The part of a page of history or a replay that decides its permission. */
export function askedOfHistory(names: readonly string[]) {
  return asked({ topic, types: typesSchema(names) });
}

/** Input of `on.*`. tRPC adds `lastEventId` when a client resumes; it wins over `since`. */
export function subscribeInput(names: readonly string[]) {
  return z
    .strictObject({
      topic,
      topics: topicsSchema.optional(),
      since: subscribeSinceSchema.optional(),
      types: typesSchema(names),
      filter,
      whenSlow: whenSlowSchema.optional(),
      every: everySchema.optional(),
      latestBy: latestBySchema.optional(),
      lastEventId: anyCursorSchema.nullish(),
    })
    .optional();
}

export function historyInput(catalog: AnyCatalog) {
  return z
    .strictObject({
      topic,
      since: sinceSchema.optional(),
      before: cursorSchema.optional(),
      types: typesSchema(catalog.names),
      filter,
      limit: z.int().min(1).max(MAX_PAGE).optional(),
    })
    .optional();
}

/** Input of `replay`; `lastEventId` as above. */
export function replayInput(catalog: AnyCatalog) {
  return z
    .strictObject({
      topic,
      since: sinceSchema.optional(),
      until: z.union([cursorSchema, z.strictObject({ at: timestampSchema })]).optional(),
      speed: z.number().positive().max(MAX_SPEED).optional(),
      maxPauseMs: z.number().min(0).optional(),
      types: typesSchema(catalog.names),
      filter,
      lastEventId: cursorSchema.nullish(),
    })
    .optional();
}

function typesSchema(names: readonly string[]) {
  return countedArray(z.enum(names), MAX_TYPES).optional();
}

function asked<S extends z.ZodRawShape>(shape: S) {
  const fields = Object.keys(shape);
  const orNothing = (input: unknown): unknown => {
    if (input === null || input === undefined) return {};
    if (typeof input !== 'object' || Array.isArray(input)) return input;
    const given = fields.filter((field) => (Reflect.get(input, field) ?? null) !== null);
    return Object.fromEntries(given.map((field) => [field, Reflect.get(input, field)]));
  };
  return z.preprocess(orNothing, z.object(shape));
}
