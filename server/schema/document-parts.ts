import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import { TOPIC_PATTERN } from '../../shared/topic.ts';
import type { JsonSchema } from './events-schema.ts';

/** Schemas that several messages of an AsyncAPI document have in common. */
export const CURSOR = { type: 'string', description: '`<epoch>:<seq>`, the place of a record in its topic.' };
export const TOPIC = { type: 'string', pattern: TOPIC_PATTERN.source, default: DEFAULT_TOPIC };
export const TRACE = {
  type: 'string',
  description: 'W3C’s traceparent: the trace that the event belongs to.',
};
export const TIMESTAMP = { type: 'string', format: 'date-time' };

/** The schema of a notice that a stream sends about itself. */
export function envelope(name: string, data: JsonSchema): JsonSchema {
  const event = { event_type: { const: name }, timestamp: TIMESTAMP, data };
  return { type: 'object', properties: event, required: Object.keys(event) };
}

/** The schema of an object with these fields and no others. */
export function fields(
  required: Record<string, JsonSchema>,
  optional: Record<string, JsonSchema> = {},
): JsonSchema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

/** References to messages of the document, by name. */
export function messageRefs(names: readonly string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}
