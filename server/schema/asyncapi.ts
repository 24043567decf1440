import type { AnyCatalog } from '../../shared/catalog.ts';
import { requireCatalog } from '../../shared/options/require-catalog.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../shared/protocol.ts';
import { GAP_REASONS } from '../../shared/stream-items.ts';
import { CURSOR, envelope, messageRefs, TIMESTAMP, TOPIC, TRACE } from './document-parts.ts';
import { eventsSchema, type JsonSchema } from './events-schema.ts';
import {
  callChannels,
  callMessages,
  callOperations,
  isPublished,
  openCalls,
  STREAM_UPDATE,
} from './open-operations.ts';

const KEY = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  description:
    'What was sent before with the same key, within five minutes, is stored once. It must not start with “ingress:”.',
};

/** Schemas of the notices that every stream sends about itself. */
const NOTICES: Record<string, JsonSchema> = {
  stream_synced: envelope('stream_synced', {
    type: 'object',
    properties: {
      recovered: {
        type: 'boolean',
        description: 'Whether everything since the given position was delivered.',
      },
      cursor: CURSOR,
    },
    required: ['recovered', 'cursor'],
  }),
  stream_gap: envelope('stream_gap', {
    type: 'object',
    properties: {
      from: CURSOR,
      to: CURSOR,
      lost: { type: ['integer', 'null'], description: 'How many records; null where it cannot be known.' },
      reason: { type: 'string', enum: GAP_REASONS },
      runs: {
        type: 'array',
        description:
          'The numbers that were erased: before the first, and the last, of each part. Left out: all.',
        items: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 },
      },
      open: {
        type: 'array',
        description: 'The ids of those among the erased events that are or were open.',
        items: { type: 'string' },
      },
    },
    required: ['from', 'to', 'lost', 'reason'],
  }),
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
  requireCatalog('toAsyncApi', catalog ?? null);
  const { title = 'psyche-events', version = '1.0.0', redisPrefix = 'psyche' } = options;
  const { names, opens } = catalog;
  const notices = Object.keys(opens).length > 0 ? { ...NOTICES, ...STREAM_UPDATE } : NOTICES;
  const schemas = { ...moved(eventsSchema(catalog, 'draft-7')), ...notices };
  const published = names.filter((name) => isPublished(opens[name]?.kind));
  const calls = openCalls(catalog);
  return {
    asyncapi: '3.0.0',
    info: {
      title,
      version,
      description: 'Live, typed events. Topics are ordered logs of them.',
      [`x-${PROTOCOL_HEADER}`]: PROTOCOL_VERSION,
    },
    defaultContentType: 'application/json',
    channels: {
      ...channels([...names, ...Object.keys(notices)], published, redisPrefix),
      ...callChannels(calls),
    },
    operations: { ...operations(published), ...callOperations(calls) },
    components: {
      messages: { ...messages([...Object.keys(notices), ...names], published), ...callMessages(calls) },
      schemas,
    },
  };
}

function channels(items: readonly string[], published: readonly string[], redisPrefix: string): JsonSchema {
  return {
    events: {
      address: '/trpc/on.any',
      title: 'Events of a topic, as they come',
      description:
        'tRPC’s server-sent events: the `data` of each is a message in `{"json": …}`, its `id` the cursor to resume from, as Last-Event-ID. The topic goes into the query: `input={"topic":"run-1"}`.',
      messages: messageRefs(items),
    },
    ...Object.fromEntries(published.map((name) => [`publish_${name}`, publishChannel(name)])),
    ingress: {
      address: `${redisPrefix}:ingress`,
      title: 'A stream in Redis that any program may add to, where INGRESS is on',
      messages: { entry: { $ref: '#/components/messages/ingress_entry' } },
    },
  };
}

function operations(published: readonly string[]): JsonSchema {
  return {
    receive_events: { action: 'send', channel: { $ref: '#/channels/events' } },
    ...Object.fromEntries(
      published.map((name) => [
        `publish_${name}`,
        { action: 'receive', channel: { $ref: `#/channels/publish_${name}` } },
      ]),
    ),
    add_to_ingress: { action: 'receive', channel: { $ref: '#/channels/ingress' } },
  };
}

function messages(items: readonly string[], published: readonly string[]): JsonSchema {
  return {
    ...Object.fromEntries(items.map((name) => [name, message(name)])),
    ...Object.fromEntries(published.map((name) => [`publish_${name}`, publishMessage(name)])),
    ingress_entry: { name: 'ingress_entry', payload: ingressEntry(published) },
  };
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

/** Moves the references of JSON Schema definitions to where an AsyncAPI document has its schemas. */
function moved(definitions: Record<string, JsonSchema>): Record<string, JsonSchema> {
  return JSON.parse(JSON.stringify(definitions).replaceAll('"#/definitions/', '"#/components/schemas/'));
}
