import type { AnyCatalog } from '../../shared/catalog.ts';
import {
  LEASE_MS,
  MAX_GROWN,
  MAX_LEASE_MS,
  MAX_TIMEOUT_MS,
  MIN_LEASE_MS,
  TIMEOUT_MS,
} from '../../shared/open/bounds.ts';
import { type BegunKind, type OpenKind, OWNERS_STATES, SETTLED_STATES } from '../../shared/open/open-part.ts';
import { CURSOR, envelope, fields, messageRefs, TOPIC, TRACE } from './document-parts.ts';
import type { JsonSchema } from './events-schema.ts';

/** A call of an open event over HTTP: what it takes, and what it is answered with. */
interface Call {
  readonly title: string;
  readonly path: string;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
}

const ID = { type: 'string', minLength: 1, maxLength: 128, description: '`open.id` of the event.' };
const KEY = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  description:
    'In a beginning a name of the owner’s own, or left out; in each other call what the beginning answered.',
};
const LEASE = { type: 'integer', minimum: MIN_LEASE_MS, maximum: MAX_LEASE_MS, default: LEASE_MS };
const TIMEOUT = { type: 'integer', minimum: MIN_LEASE_MS, maximum: MAX_TIMEOUT_MS, default: TIMEOUT_MS };
const AT = {
  type: 'integer',
  minimum: 0,
  maximum: MAX_GROWN,
  description: 'Length of the text before, in UTF-16 code units.',
};
const TEXT = { type: 'string', maxLength: MAX_GROWN };
const OWNERS_STATE = { type: 'string', enum: Object.values(OWNERS_STATES).flat() };
const ANYTHING = { description: 'As the schema of the event’s data, or of its answers, says.' };

const EACH = {
  const: true,
  description: 'From here on each member is told again, and no number.',
};

/** The notice of a change of an open event, by name. */
export const STREAM_UPDATE: Readonly<Record<string, JsonSchema>> = {
  stream_update: envelope('stream_update', {
    oneOf: [
      { title: 'Text follows', ...fields({ id: ID, at: AT, text: TEXT }) },
      { title: 'A presence has other data', ...fields({ id: ID, data: ANYTHING }) },
      {
        title: 'A presence is no longer there, or an event has ended whose settlement is not sent',
        ...fields({ id: ID, state: { enum: [...new Set(Object.values(SETTLED_STATES).flat())] } }),
      },
      {
        title: 'A presence has so many members',
        description:
          'The first of a type: from here on none but those of one’s own subject are told, so let go of those that are known.',
        ...fields({ type: { type: 'string' }, count: { type: 'integer' } }, { each: EACH }),
      },
    ],
  }),
};

/** Tells if events of a kind are published, and not begun alone. */
export function isPublished(kind: OpenKind | undefined): boolean {
  return kind !== 'question' && kind !== 'presence';
}

/** The calls of a catalog's open events, by name; none where it has no event that is begun. */
export function openCalls({ opens }: AnyCatalog): Readonly<Record<string, Call>> {
  const begun = Object.entries(opens).flatMap(([name, { kind }]) =>
    kind === 'ephemeral' ? [] : [{ name, kind }],
  );
  if (begun.length === 0) return {};
  const has = (kind: BegunKind): boolean => begun.some((event) => event.kind === kind);
  const questions = begun.filter(({ kind }) => kind === 'question');
  return {
    ...Object.fromEntries(begun.map(({ name, kind }) => [`begin_${name}`, beginCall(name, kind)])),
    ...(has('growing') && { append: APPEND }),
    ...(has('presence') && { update: UPDATE }),
    ...{ touch: TOUCH, settle: SETTLE },
    ...Object.fromEntries(questions.map(({ name }) => [`answer_${name}`, answerCall(name)])),
  };
}

// No event's name has a dot, so none is that of a message of a call.
const inputOf = (call: string): string => `${call}.input`;
const outputOf = (call: string): string => `${call}.output`;

/** The channels of calls, by name. */
export function callChannels(calls: Readonly<Record<string, Call>>): JsonSchema {
  return mapped(calls, ({ path, title }, name) => ({
    address: `/trpc/${path}`,
    title: `${title}: HTTP POST`,
    messages: messageRefs([inputOf(name), outputOf(name)]),
  }));
}

/** The operations of calls, by name. */
export function callOperations(calls: Readonly<Record<string, Call>>): JsonSchema {
  return mapped(calls, (_, name) => {
    const channel = { $ref: `#/channels/${name}` };
    const message = (of: string) => [{ $ref: `#/channels/${name}/messages/${of}` }];
    const reply = { channel, messages: message(outputOf(name)) };
    return { action: 'receive', channel, messages: message(inputOf(name)), reply };
  });
}

/** The messages of calls and of their answers, by name. */
export function callMessages(calls: Readonly<Record<string, Call>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(calls).flatMap(([name, { input, output }]) => [
      [inputOf(name), { name: inputOf(name), payload: input }],
      [outputOf(name), { name: outputOf(name), payload: output }],
    ]),
  );
}

function beginCall(name: string, kind: BegunKind): Call {
  const time = kind === 'question' ? { timeoutMs: TIMEOUT } : { leaseMs: LEASE };
  return {
    title: `Begins ${name}, a ${kind}; with a key that is known it is the same event`,
    path: `begin.${name}`,
    input: fields({ data: dataOf(name) }, { topic: TOPIC, key: KEY, ...time, traceparent: TRACE }),
    output: fields(
      { cursor: CURSOR, id: ID, key: KEY, resumed: { type: 'boolean' } },
      { ...(kind === 'growing' && { length: AT }), settled: settlement(kind, name) },
    ),
  };
}

function settlement(kind: BegunKind, name: string): JsonSchema {
  const answer = kind === 'question' ? { answer: answerOf(name) } : {};
  return fields(
    { id: ID, state: { enum: SETTLED_STATES[kind] }, cursor: CURSOR },
    { by: { type: 'string' }, ...answer },
  );
}

function answerCall(name: string): Call {
  return {
    title: `Answers ${name}; the first answer counts`,
    path: `answer.${name}`,
    input: fields({ id: ID, answer: answerOf(name) }, { topic: TOPIC }),
    output: fields({ cursor: CURSOR }),
  };
}

const OWNED = { id: ID, key: KEY };

const APPEND: Call = {
  title: 'Appends to the text of a growing event',
  path: 'append',
  input: fields({ ...OWNED, at: AT, text: TEXT }, { topic: TOPIC }),
  output: fields({ length: AT }),
};

const UPDATE: Call = {
  title: 'Replaces the data of a presence',
  path: 'update',
  input: fields({ ...OWNED, data: ANYTHING }, { topic: TOPIC }),
  output: fields({}),
};

const TOUCH: Call = {
  title: 'Renews the leases of events that have the same key',
  path: 'touch',
  input: fields(
    { ids: { type: 'array', items: ID, minItems: 1, maxItems: 1000 }, key: KEY },
    { topic: TOPIC },
  ),
  output: fields({ notOpen: { type: 'array', items: ID } }),
};

const SETTLE: Call = {
  title: 'Settles an event of one’s own',
  path: 'settle',
  input: fields(
    { ...OWNED, state: OWNERS_STATE },
    { topic: TOPIC, reason: { type: 'string', maxLength: 1000 } },
  ),
  output: fields({ cursor: CURSOR }),
};

function dataOf(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}/properties/data` };
}

function answerOf(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}/properties/answer` };
}

function mapped(
  calls: Readonly<Record<string, Call>>,
  make: (call: Call, name: string) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, make(call, name)]));
}
