import fc from 'fast-check';

/** One call that nobody makes in good faith. */
export interface FuzzInput {
  /** Its hostile property. */
  readonly kind: string;
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  /** JSON text, with superjson's wrapper or without. */
  readonly input: string;
}

/** Sizes of generated inputs: a control, which has no bounds of its own, must come to an end. */
export interface FuzzSizes {
  /** Objects shared one in another: as a tree they are 2 to the power of it. */
  readonly sharedDepth: number;
  /** Elements of a typed array that an annotation makes of a number. */
  readonly typedArray: number;
  /** Elements of a Set, and annotations of its last one. */
  readonly set: number;
  /** Levels of nesting, fields of an object, parts of a filter. */
  readonly depth: number;
  readonly width: number;
}

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'a.b',
  'a\\.b',
  '',
];
const OPERATORS = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'prefix', 'exists', 'between', '__proto__'];
const ANNOTATIONS = [
  'undefined',
  'bigint',
  'Date',
  'regexp',
  'set',
  'map',
  'Error',
  'URL',
  'number',
  'nothing',
];
const PATHS = ['data.metadata', 'data', 'filter.agent_id', 'topic', '', 'data.message', 'since.at', 'x'];
const TYPES = ['agent_message', 'network_update', 'system_status'];

const text = (value: unknown): string => JSON.stringify(value);
/** An object as text: `__proto__` is a field like any other there. */
const object = (fields: readonly (readonly [string, string])[]): string =>
  `{${fields.map(([key, value]) => `${text(key)}:${value}`).join(',')}}`;
const nested = (depth: number, open: string, close: string, inner: string): string =>
  open.repeat(depth) + inner + close.repeat(depth);
const wrapped = (json: string, meta?: string): string => `{"json":${json}${meta ? `,"meta":${meta}` : ''}}`;

/** Data of an event that is as it should be but for its metadata. */
const message = (metadata: string, words = 'hello'): string =>
  object([
    ['agent_id', '"a"'],
    ['agent_type', '"A"'],
    ['message', text(words)],
    ['sentiment', '{"score":0,"label":"neutral"}'],
    ['metadata', metadata],
  ]);

type Made = fc.Arbitrary<FuzzInput>;
const call = (kind: string, path: string, type: FuzzInput['type'], input: string): FuzzInput => ({
  kind,
  path,
  type,
  input,
});
const publish = (kind: string, data: string, meta?: string): FuzzInput =>
  call(kind, 'publish.agent_message', 'mutation', wrapped(`{"data":${data}}`, meta));
/** Puts a filter, a position or topics into an input. */
const asking = (kind: string, fields: readonly (readonly [string, string])[], path: string, meta?: string) =>
  call(kind, path, path === 'history' ? 'query' : 'subscription', wrapped(object(fields), meta));

const reading = fc.constantFrom('history', 'on.any', 'on.agent_message', 'replay');
const weird = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(...NAMES.map(text), '1e400', '-0', '9007199254740993', '"\\ud800"', '"\\u0000"', 'null'),
  fc.string({ maxLength: 40 }).map(text),
);

function annotated({ sharedDepth, typedArray, set }: FuzzSizes): Made[] {
  const equalities = (depth: number) => {
    const at = (levels: number) => `data.metadata${'.a'.repeat(levels)}`;
    const pairs = Array.from({ length: depth }, (_, n) => [`${at(n)}.a`, text([`${at(n)}.b`])] as const);
    return `{"referentialEqualities":${object(pairs)}}`;
  };
  const values = (pairs: readonly (readonly [string, string])[]) => `{"values":${object(pairs)}}`;
  return [
    fc.integer({ min: 1, max: sharedDepth }).map((depth) => {
      const inner = nested(depth, '{"b":null,"a":', '}', '{}');
      return publish('shared objects', message(inner), equalities(depth));
    }),
    fc.integer({ min: 1, max: typedArray }).chain((length) =>
      reading.map((path) => {
        const meta = values([['filter.agent_id', '[["typed-array","Uint8Array"]]']]);
        return asking('typed array', [['filter', `{"agent_id":${length}}`]], path, meta);
      }),
    ),
    fc.integer({ min: 1, max: set }).map((size) => {
      const list = text(Array.from({ length: size }, (_, n) => n));
      const last = Array.from({ length: size }, () => `data.metadata.s.${size - 1}`);
      const meta = `{"values":{"data.metadata.s":["set"]},"referentialEqualities":{"data.metadata.o":${text(last)}}}`;
      return publish('paths into a Set', message(`{"s":${list},"o":{}}`), meta);
    }),
    fc
      .array(fc.tuple(fc.constantFrom(...PATHS, ...NAMES), fc.constantFrom(...ANNOTATIONS)), { maxLength: 5 })
      .chain((pairs) =>
        fc.tuple(weird, fc.boolean()).map(([metadata, isPublish]) => {
          const meta = values(pairs.map(([path, type]) => [path, text([type])]));
          return isPublish
            ? publish('annotations', message(metadata), meta)
            : asking('annotations', [['filter', `{"agent_id":${metadata}}`]], 'history', meta);
        }),
      ),
    fc
      .tuple(weird, weird)
      .map(([json, meta]) => call('annotations', 'history', 'query', wrapped(json, meta))),
  ];
}

function shaped({ depth, width }: FuzzSizes): Made[] {
  const someDepth = fc.integer({ min: 1, max: depth });
  const someWidth = fc.integer({ min: 1, max: width });
  return [
    someDepth.map((n) => publish('deep', message(`{"a":${nested(n, '[', ']', '')}}`))),
    someDepth.chain((n) =>
      reading.map((path) => asking('deep', [['filter', nested(n, '{"not":', '}', '{}')]], path)),
    ),
    someWidth.map((n) =>
      publish('wide', message(object(Array.from({ length: n }, (_, key) => [`k${key}`, '1'])))),
    ),
    someWidth.map((n) => publish('large', message('{}', 'x'.repeat(n * 8)))),
    fc
      .array(fc.tuple(fc.constantFrom(...NAMES), weird), { maxLength: 4 })
      .map((fields) => publish('names', message(object(fields)))),
    fc
      .array(fc.tuple(fc.constantFrom(...NAMES, 'agent_id', 'sentiment.score'), weird), { maxLength: 4 })
      .chain((fields) => reading.map((path) => asking('names', [['filter', object(fields)]], path))),
    fc.constantFrom(...NAMES).map((name) => call('names', `publish.${name}`, 'mutation', wrapped('{}'))),
    someWidth.chain((n) =>
      reading.map((path) => {
        const list = text(Array.from({ length: n }, (_, at) => `a${at}`));
        return asking('filters', [['filter', `{"agent_id":{"in":${list}}}`]], path);
      }),
    ),
    someWidth.chain((n) =>
      fc.tuple(reading, fc.constantFrom('and', 'or')).map(([path, word]) => {
        const parts = Array.from({ length: n }, (_, at) => `{"agent_id":"${at}"}`);
        return asking('filters', [['filter', `{"${word}":[${parts.join(',')}]}`]], path);
      }),
    ),
    fc.tuple(fc.constantFrom(...OPERATORS), weird, reading).map(([operator, operand, path]) => {
      const conditions = object([[operator, operand]]);
      return asking('filters', [['filter', `{"sentiment.score":${conditions}}`]], path);
    }),
  ];
}

function placed({ width }: FuzzSizes): Made[] {
  const cursor = fc.oneof(
    weird,
    fc.constantFrom('"a:1"', '":1"', '"a:-1"', '"a:1e9"', '"~"', '"~a:b:1"', '"a:99999999999999999999"'),
    fc.integer({ min: 0, max: 400 }).map((n) => text(`${'e'.repeat(n)}:1`)),
  );
  const since = fc.oneof(
    cursor,
    weird.map((value) => `{"last":${value}}`),
    fc.integer({ min: -1, max: 10_001 }).map((last) => `{"last":${last}}`),
    fc.constantFrom(
      '{"at":"2020-01-01T00:00:00Z"}',
      '{"at":"9999-12-31T00:00:00Z"}',
      '{"at":"x"}',
      '{"at":1}',
    ),
  );
  return [
    fc.tuple(since, reading).map(([position, path]) => asking('positions', [['since', position]], path)),
    fc
      .tuple(cursor, reading)
      .map(([position, path]) => asking('positions', [['lastEventId', position]], path)),
    fc.tuple(cursor, since).map(([before, from]) =>
      asking(
        'positions',
        [
          ['before', before],
          ['since', from],
        ],
        'history',
      ),
    ),
    fc
      .tuple(fc.integer({ min: -1, max: 3_600_001 }), fc.constantFrom(...NAMES, 'agent_id'))
      .map(([every, by]) =>
        asking(
          'latest',
          [
            ['every', `${every}`],
            ['latestBy', text(by)],
            ['since', '{"last":10000}'],
          ],
          'on.any',
        ),
      ),
    fc
      .array(fc.oneof(weird, fc.constantFrom('"*"', '"a*"', '"_*"', '"default"')), { maxLength: 60 })
      .map((topics) => asking('topics', [['topics', `[${topics.join(',')}]`]], 'on.any')),
    fc.tuple(weird, reading).map(([topic, path]) => asking('topics', [['topic', topic]], path)),
    fc
      .tuple(fc.oneof(weird, fc.constantFrom('true', 'false')), reading)
      .map(([echo, path]) => asking('echo', [['echo', echo]], path)),
    fc
      .tuple(fc.integer({ min: 0, max: Math.min(width, 1_100) }), weird, fc.constantFrom(...TYPES, ...NAMES))
      .map(([count, data, type]) => {
        const event = object([
          ['event_type', text(type)],
          ['data', data],
        ]);
        const events = Array.from({ length: count }, () => event).join(',');
        return call('batches', 'publish.batch', 'mutation', wrapped(`{"events":[${events}]}`));
      }),
    fc
      .tuple(weird, fc.constantFrom('publish.batch', 'publish.system_status'))
      .map(([input, path]) => call('shapes', path, 'mutation', input)),
    fc
      .tuple(weird, reading)
      .map(([input, path]) => call('shapes', path, path === 'history' ? 'query' : 'subscription', input)),
  ];
}

/** Inputs that a seed decides, of all kinds. */
export function fuzzInputs(seed: number, count: number, sizes: FuzzSizes): FuzzInput[] {
  const groups = [annotated(sizes), shaped(sizes), placed(sizes)].map((made) => fc.oneof(...made));
  return fc.sample(fc.oneof(...groups), { seed, numRuns: count });
}
