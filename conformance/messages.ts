import * as z from 'zod';

/**
 * The capabilities that a client may have or not. A scenario that needs one is skipped where the client does not state
 * it; docs/clients.md tells what each asks for.
 */
export const CAPABILITIES = {
  publish: 'publishes',
  retry: 'sends a publish again, under the same idempotency key, until it is answered',
  history: 'reads pages of history',
  params: 'sends connection params: tokens, the version',
  'gives-up': 'connects no more after a close code of 4500 and above, and says so',
  moves: 'connects again when the server asks for it',
  'keep-alive': 'notices a connection that is dead and was never closed',
  superjson: 'reads the annotations of superjson: dates as dates',
  'open-events': 'tells open events whole, as they are after each change',
  answers: 'answers questions',
  begins:
    'begins growing events, appends to them and settles them, and sends each call again until it is answered',
  'sees-own': 'has each subscription begin before what it publishes afterwards is sent',
} as const;
export type Capability = keyof typeof CAPABILITIES;

/** The first line of a client. */
export const helloSchema = z.object({
  client: z.string().max(100),
  protocol: z.number(),
  capabilities: z.array(z.string()),
  /** The origin of the page that the client is in; the servers let it in. Default: it is in no page. */
  origin: z.string().optional(),
});

const errorSchema = z.object({
  /** A code of PROTOCOL's errors; null for an error that has none. */
  reason: z.string().nullable(),
  message: z.string().default(''),
  issues: z.array(z.object({ path: z.array(z.union([z.string(), z.number()])) })).default([]),
});
/** An error as a client tells it. */
export type ToldError = z.infer<typeof errorSchema>;

const itemSchema = z.object({
  event_type: z.string(),
  topic: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
  open: z.object({ id: z.string(), state: z.string() }).optional(),
  answer: z.unknown().optional(),
});
/** An item of a subscription as a client tells it: an event, or one of the stream's own. */
export type ToldItem = z.infer<typeof itemSchema>;

/** Every other line of a client. */
export const lineSchema = z.union([
  z.object({ id: z.number(), error: errorSchema }),
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({ subscription: z.string(), item: itemSchema }),
  z.object({ subscription: z.string(), error: errorSchema }),
  z.object({ closed: z.object({ code: z.number().nullable() }) }),
]);

/** Requests of the runner to a client; each line has an `id` besides, which the answer repeats. */
export type ClientCommand =
  | { do: 'connect'; url: string; tokens?: readonly string[]; version?: string }
  | { do: 'subscribe'; subscription: string; type: string; input: object }
  | { do: 'unsubscribe'; subscription: string }
  | { do: 'publish'; type: string; data: object; topic: string }
  | { do: 'history'; input: object }
  | { do: 'answer'; type: string; topic: string; open: string; answer: object }
  | { do: 'begin'; event: string; type: string; topic: string; data: object }
  | { do: 'append'; event: string; text: string }
  | { do: 'done'; event: string }
  | { do: 'close' };
