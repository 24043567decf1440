import fc from 'fast-check';

/** Kinds of events that are begun, by the names of the catalog. */
export const TYPES = ['reply', 'approval', 'viewer'] as const;
export type BegunName = (typeof TYPES)[number];
export const PLACES = ['red', 'blue'] as const;

/** A call at a node that dies before it has answered: its caller repeats it at another node. */
type Cut = boolean;

/**
 * Commands to nodes, owners of open events and subscribers. Numbers name nodes, topics, subscribers and events modulo how many
 * there are. An event is one of those that are open, or of all there ever were.
 */
export type Command =
  | {
      do: 'begin';
      node: number;
      topic: number;
      type: BegunName;
      place: string;
      by: string;
      key: number | null;
      cut: Cut;
    }
  /** Pieces of text, sent one after the other without waiting; or one at an offset that is not the end. */
  | { do: 'append'; node: number; which: number; any: boolean; at: Offset; count: number; cut: Cut }
  | { do: 'replace'; node: number; which: number; any: boolean; place: string }
  | { do: 'settle'; node: number; which: number; any: boolean; aborts: boolean; stranger: boolean; cut: Cut }
  | { do: 'answer'; node: number; which: number; any: boolean; allow: boolean; cut: Cut }
  | { do: 'touch'; node: number; which: number; any: boolean }
  /** Two who do not know of each other, at two nodes: both settle it, both append to it, or one appends and one settles. */
  | { do: 'race'; node: number; which: number; how: 'settles' | 'appends' | 'append and settle' }
  /** An owner renews no lease any more. */
  | { do: 'ownerDies'; which: number }
  /** Longer than a lease passes, in which owners that live renew. @field late a dead one comes back at that moment, and settles */
  | { do: 'pass'; node: number; late: boolean }
  | { do: 'note' | 'type'; node: number; topic: number }
  | {
      do: 'subscribe';
      node: number;
      /** A number of a topic; null: both, merged. */
      topic: number | null;
      wants: number;
      pace: Pace;
      /** From the beginning of the log; else live only. */
      all: boolean;
      capacity: number;
    }
  | { do: 'pause' | 'resume' | 'drop'; who: number }
  | { do: 'return'; who: number; node: number }
  | { do: 'restart'; node: number }
  | { do: 'restartAll' | 'lose' }
  /** Records come late to a node; some changes of open sets do not come; all is well again. */
  | { do: 'hold' | 'heal'; node: number }
  | { do: 'miss'; node: number; count: number }
  | { do: 'look'; node: number; topic: number; limit: number }
  | { do: 'turns'; count: number };

export type Offset = 'end' | 'repeat' | 'beyond' | 'other' | 'stranger';
export type Pace = 'all' | 'conflate' | 'every';

const node = fc.nat(2);
const topic = fc.nat(1);
const who = fc.nat(5);
const which = fc.nat(100);
const any = fc.nat(3).map((n) => n === 0);
const cut = fc.nat(5).map((n) => n === 0);
const place = fc.constantFrom(...PLACES);
const name = <const N extends string>(...names: N[]) => fc.constantFrom(...names);

const begin = fc.record({
  do: name('begin'),
  node,
  topic,
  type: fc.constantFrom(...TYPES),
  place,
  by: fc.constantFrom('ada', 'ada', 'bob'),
  key: fc.option(fc.nat(3), { freq: 2 }),
  cut,
});

const append = fc.record({
  do: name('append'),
  node,
  which,
  any,
  at: fc.constantFrom<Offset[]>('end', 'end', 'end', 'end', 'repeat', 'beyond', 'other', 'stranger'),
  count: fc.integer({ min: 1, max: 3 }),
  cut,
});

const change: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: append },
  { weight: 3, arbitrary: fc.record({ do: name('replace'), node, which, any, place }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: name('settle'),
      ...{ node, which, any, cut },
      aborts: fc.boolean(),
      stranger: fc.nat(4).map((n) => n === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: name('answer'), node, which, any, cut, allow: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: name('touch'), node, which, any }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: name('race'),
      ...{ node, which },
      how: name('settles', 'appends', 'append and settle'),
    }),
  },
);

const subscribe = fc.record({
  do: name('subscribe'),
  node,
  topic: fc.option(topic, { freq: 2 }),
  wants: fc.nat(4),
  pace: fc.constantFrom<Pace[]>('all', 'all', 'all', 'conflate', 'every'),
  all: fc.boolean(),
  capacity: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 8 })),
});

const fault: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: name('ownerDies'), which }) },
  { weight: 3, arbitrary: fc.record({ do: name('pass'), node, late: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: name('restart'), node }) },
  { weight: 1, arbitrary: fc.record({ do: name('restartAll', 'lose') }) },
  { weight: 3, arbitrary: fc.record({ do: name('hold', 'heal', 'heal'), node }) },
  { weight: 3, arbitrary: fc.record({ do: name('miss'), node, count: fc.integer({ min: 1, max: 3 }) }) },
);

const reader: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: subscribe },
  {
    weight: 5,
    arbitrary: fc.record({ do: name('pause', 'resume', 'drop'), who }),
  },
  { weight: 3, arbitrary: fc.record({ do: name('return'), who, node }) },
  { weight: 2, arbitrary: fc.record({ do: name('turns'), count: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: name('look'), node, topic, limit: fc.integer({ min: 1, max: 9 }) }),
  },
);

export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: begin },
    { weight: 11, arbitrary: change },
    {
      weight: 2,
      arbitrary: fc.record({ do: name('note', 'type'), node, topic }),
    },
    { weight: 8, arbitrary: reader },
    { weight: 5, arbitrary: fault },
  ),
  { minLength: 6, maxLength: 60, size: 'max' },
);
