import type { AnyCatalog } from '../../shared/catalog.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../shared/protocol.ts';
import { eventsSchema, type JsonSchema } from './events-schema.ts';

const CURSOR = { type: 'string', description: '`<epoch>:<seq>`, the place of a record in its topic.' };
const TOPIC = { type: 'string', pattern: '^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$', default: 'default' };
const TRACE = { type: 'string', description: 'W3C’s traceparent: the trace that the event belongs to.' };
const TIMESTAMP = { type: 'string', format: 'date-time' };
const KEY = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  description: 'What was sent before with the same key, within five minutes, is stored once.',
};

/** Schemas of the notices that a stream sends about itself. */
const NOTICES: Record<string, JsonSchema> = {
  stream_synced: envelope('stream_synced', {
    recovered: { type: 'boolean', description: 'Whether everything since the given position was delivered.' },
    cursor: CURSOR,
  }),
  stream_gap: envelope(
    'stream_gap',
    {
      from: CURSOR,
      to: CURSOR,
      lost: { type: ['integer', 'null'], description: 'How many records; null where it cannot be known.' },
      reason: {
        type: 'string',
        enum: ['trimmed', 'epoch_changed', 'conflated', 'dropped', 'unknown_version', 'erased'],
      },
    },
    {
      runs: {
        type: 'array',
        description:
          'The numbers that were erased: before the first, and the last, of each part. Left out: all.',
        items: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 },
      },
    },
  ),
};

/** Properties of the document beside the events. */
export interface AsyncApiOptions {
  /** Default `psyche-events`. */
  title?: string;
  /** Version of the described events, for readers. Default `1.0.0`. */
  version?: string;
  /** Prefix of keys in Redis. Default `psyche`. */
  redisPrefix?: string;
}

/**
 * Describes a catalog as an AsyncAPI 3 document, for programs in any language: its events, received as server-sent events,
 * published by HTTP, or added to the ingress stream in Redis.
 */
export function toAsyncApi(catalog: AnyCatalog, options: AsyncApiOptions = {}): JsonSchema {
  const { title = 'psyche-events', version = '1.0.0', redisPrefix = 'psyche' } = options;
  const { names } = catalog;
  const schemas = { ...moved(eventsSchema(catalog, 'draft-7')), ...NOTICES };
  return {
    asyncapi: '3.0.0',
    info: {
      title,
      version,
      description: 'Live, typed events. Topics are ordered logs of them.',
      [`x-${PROTOCOL_HEADER}`]: PROTOCOL_VERSION,
    },
    defaultContentType: 'application/json',
    channels: channels(names, redisPrefix),
    operations: operations(names),
    components: { messages: messages(names), schemas },
  };
}

function channels(names: readonly string[], redisPrefix: string): JsonSchema {
  return {
    events: {
      address: '/trpc/on.any',
      title: 'Events of a topic, as they come',
      description:
        'tRPC’s server-sent events: the `data` of each is a message in `{"json": …}`, its `id` the cursor to resume from, as Last-Event-ID. The topic goes into the query: `input={"topic":"run-1"}`.',
      messages: messageRefs([...names, ...Object.keys(NOTICES)]),
    },
    ...Object.fromEntries(names.map((name) => [`publish_${name}`, publishChannel(name)])),
    ingress: {
      address: `${redisPrefix}:ingress`,
      title: 'A stream in Redis that any program may add to, where INGRESS is on',
      messages: { entry: { $ref: '#/components/messages/ingress_entry' } },
    },
  };
}

function operations(names: readonly string[]): JsonSchema {
  return {
    receive_events: { action: 'send', channel: { $ref: '#/channels/events' } },
    ...Object.fromEntries(
      names.map((name) => [
        `publish_${name}`,
        { action: 'receive', channel: { $ref: `#/channels/publish_${name}` } },
      ]),
    ),
    add_to_ingress: { action: 'receive', channel: { $ref: '#/channels/ingress' } },
  };
}

function messages(names: readonly string[]): JsonSchema {
  return {
    ...Object.fromEntries(Object.keys(NOTICES).map((name) => [name, message(name)])),
    ...Object.fromEntries(
      names.flatMap((name) => [
        [name, message(name)],
        [`publish_${name}`, publishMessage(name)],
      ]),
    ),
    ingress_entry: { name: 'ingress_entry', payload: ingressEntry(names) },
  };
}

function envelope(
  name: string,
  required: Record<string, JsonSchema>,
  optional: Record<string, JsonSchema> = {},
): JsonSchema {
  const properties = { ...required, ...optional };
  const data = { type: 'object', properties, required: Object.keys(required) };
  const event = { event_type: { const: name }, timestamp: TIMESTAMP, data };
  return { type: 'object', properties: event, required: Object.keys(event) };
}

function message(name: string): JsonSchema {
  return { name, payload: { $ref: `#/components/schemas/${name}` } };
}

function publishChannel(name: string): JsonSchema {
  return {
    address: `/trpc/publish.${name}`,
    title: `Publishes ${name}: HTTP POST`,
    messages: { publish: { $ref: `#/components/messages/publish_${name}` } },
  };
}

function publishMessage(name: string): JsonSchema {
  const data = { $ref: `#/components/schemas/${name}/properties/data` };
  const properties = { data, topic: TOPIC, timestamp: TIMESTAMP, idempotencyKey: KEY, traceparent: TRACE };
  return {
    name: `publish_${name}`,
    payload: { type: 'object', properties, required: ['data'], additionalProperties: false },
  };
}

function ingressEntry(names: readonly string[]): JsonSchema {
  const properties = {
    event_type: { type: 'string', enum: names },
    data: { type: 'string', description: 'The event’s data as JSON.', contentMediaType: 'application/json' },
    topic: TOPIC,
    timestamp: TIMESTAMP,
    idempotency_key: KEY,
  };
  return { type: 'object', properties, required: ['event_type', 'data'] };
}

function messageRefs(names: readonly string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

/** Moves the references of JSON Schema definitions to where an AsyncAPI document has its schemas. */
function moved(definitions: Record<string, JsonSchema>): Record<string, JsonSchema> {
  return JSON.parse(JSON.stringify(definitions).replaceAll('"#/definitions/', '"#/components/schemas/'));
}
