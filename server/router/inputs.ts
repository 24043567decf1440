import * as z from 'zod';
import { type AnyCatalog, unknownEvent } from '../../shared/catalog.ts';
import { anyCursorSchema, cursorSchema } from '../../shared/cursor.ts';
import { countedArray } from '../../shared/data/bounded-schemas.ts';
import { kindsOf } from '../../shared/data/schema-facts.ts';
import { idempotencyKeySchema, timestampSchema } from '../../shared/events.ts';
import {
  eraseSchema,
  historyShape,
  replayShape,
  subscriptionShape,
} from '../../shared/options/read-options.ts';
import { strictOptions } from '../../shared/options/strict-options.ts';
import { topicSchema } from '../../shared/topic.ts';
import { type Expectation, type Expects, optionsOnly } from '../../shared/wire/limits.ts';

/** Most events in one `publish.batch`. */
export const MAX_BATCH = 1000;

const topic = topicSchema.optional();

/** Beginning of the keys that entries of the ingress have by their ids: these can be told before, so no publisher may say one. */
export const INGRESS_KEY = 'ingress:';

const keySchema = idempotencyKeySchema.refine((key) => !key.startsWith(INGRESS_KEY), {
  error: `must not begin with ${INGRESS_KEY}, as keys of the ingress do`,
});

/** The parts of an event that is published, beside its topic. */
const event = {
  data: z.unknown(),
  timestamp: timestampSchema.optional(),
  idempotencyKey: keySchema.optional(),
  traceparent: z.string().max(256).optional(),
};

/** The envelope of a publish; its `data` is validated by the catalog, like every other way in. */
export const publishInput = strictOptions({ topic, ...event });

export const batchInput = strictOptions({
  topic,
  events: countedArray(strictOptions({ event_type: z.string(), ...event }), MAX_BATCH),
});

/*
 * Schemas of a procedure are made at its first call. A catalog has two for each event and more, most of which are never
 * called: made with the router, they would be most of the time that a server takes to start.
 */

/** Input of `on.*`. tRPC adds `lastEventId` when a client resumes; it wins over `since`. */
export function subscribeInput(names: readonly string[]) {
  return z.lazy(() =>
    strictOptions({ ...subscriptionShape(names), lastEventId: anyCursorSchema.nullish() }).optional(),
  );
}

export function historyInput(names: readonly string[]) {
  return z.lazy(() => strictOptions(historyShape(names)).optional());
}

/** Input of `replay`; `lastEventId` as above. */
export function replayInput(names: readonly string[]) {
  return z.lazy(() =>
    strictOptions({ ...replayShape(names), lastEventId: cursorSchema.nullish() }).optional(),
  );
}

/** Input of `erase`. */
export function eraseInput(names: readonly string[]) {
  return z.lazy(() => eraseSchema(names));
}

/** The part of a publish that decides its permission. In all of these null is undefined, which JSON does not have. */
export const askedOfPublish = asked({ topic });

export const askedOfBatch = asked({
  topic,
  events: countedArray(z.object({ event_type: z.string() }), MAX_BATCH),
});

/** The part of a subscription that decides its permission. */
export function askedOfSubscribe(names: readonly string[]) {
  return z.lazy(() => {
    const { topics, types } = subscriptionShape(names);
    return asked({ topic, topics, types });
  });
}

/** The part of a selection of events that decides its permission. */
export function askedOfSelection(names: readonly string[]) {
  return z.lazy(() => asked({ topic, types: historyShape(names).types }));
}

export function asked<S extends z.ZodRawShape>(shape: S) {
  const fields = Object.keys(shape);
  const orNothing = (input: unknown): unknown => {
    if (input === null || input === undefined) return {};
    if (typeof input !== 'object' || Array.isArray(input)) return input;
    const given = fields.filter((field) => (Reflect.get(input, field) ?? null) !== null);
    return Object.fromEntries(given.map((field) => [field, Reflect.get(input, field)]));
  };
  return z.preprocess(orNothing, z.object(shape));
}

/** Types that may be annotated in the input of a publish: in `data` those that the event's schema can hold. */
export function expectsData(catalog: AnyCatalog, name: string): Expects {
  return (path) => (path[0] === 'data' ? ofEvent(catalog, name) : optionsOnly(path));
}

/** Types that may be annotated in a batch: in each event's `data` those that the schema of that event can hold. */
export function expectsEvents(catalog: AnyCatalog, events: readonly { event_type: string }[]): Expects {
  return (path) => {
    const event = path[0] === 'events' && path[2] === 'data' ? events[Number(path[1])] : undefined;
    return event ? ofEvent(catalog, event.event_type) : optionsOnly(path);
  };
}

/** Expectations that are made already: an input may ask for one 50 000 times, once for each annotation. */
const known = new WeakMap<AnyCatalog, Map<string, Expectation>>();

function ofEvent(catalog: AnyCatalog, name: string): Expectation {
  let events = known.get(catalog);
  if (events === undefined) {
    events = new Map();
    known.set(catalog, events);
  }
  let expectation = events.get(name);
  if (expectation === undefined) {
    expectation = { kinds: kindsOfVersions(catalog, name), code: 'INVALID_EVENT' };
    events.set(name, expectation);
  }
  return expectation;
}

/** Publishers may be held at an older version: the data's own checks tell which it has to be. @throws EventsError UNKNOWN_EVENT */
function kindsOfVersions(catalog: AnyCatalog, name: string): Expectation['kinds'] {
  if (!catalog.has(name)) throw unknownEvent(name, catalog.names);
  const versions = Array.from({ length: catalog.versionOf(name) }, (_, index) =>
    catalog.schemaOf(name, index + 1),
  );
  return new Set(versions.flatMap((schema) => (schema ? [...kindsOf(schema)] : [])));
}
