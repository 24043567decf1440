import fc from 'fast-check';
import { FOREIGNERS, type Foreigner } from '../events/foreign.ts';
import type { Held } from './nodes.ts';

/** Commands to a system of nodes, publishers and subscribers. Numbers name nodes and subscribers modulo how many there are. */
export type Command =
  | { do: 'publish'; node: number; count: number; key: number | null; batch: boolean; wait: boolean }
  | {
      do: 'subscribe';
      node: number;
      since: 'live' | 'cursor' | 'last' | 'ahead';
      /** Index of a record, or a number of records. */
      at: number;
      wants: number;
      /** Records taken until it says that it is full. */
      capacity: number;
      conflate: boolean;
    }
  | { do: 'pause' | 'resume' | 'drop'; who: number }
  | { do: 'return'; who: number; node: number }
  /** Another process takes a node's place, with its publishers held at a version or released. */
  | { do: 'restart'; node: number; held: Held }
  | { do: 'restartAll' | 'lose' }
  /** A replica gets level with the log; it takes the log's place, without what it lacks. */
  | { do: 'replicate' | 'failOver' }
  /** A process that is no node of the model writes to its log. */
  | { do: 'intrude'; who: Foreigner; count: number }
  /** A log that is older than versions is put in the place of this one; its first record may have a key. */
  | { do: 'inherit'; count: number; who: 'old' | 'odd'; key: number | null }
  /** One record, or all that a filter matches. */
  | { do: 'erase'; node: number; at: number; filter: boolean }
  | { do: 'history'; node: number; wants: number; limit: number }
  | { do: 'turns'; count: number };

const node = fc.nat(1);
const who = fc.nat(5);
const wants = fc.nat(4);

const key = fc.option(fc.nat(5), { freq: 2 });

const publish = fc.record({
  do: fc.constant('publish' as const),
  node,
  count: fc.integer({ min: 1, max: 9 }),
  key,
  batch: fc.boolean(),
  wait: fc.boolean(),
});

const subscribe = fc.record({
  do: fc.constant('subscribe' as const),
  node,
  since: fc.constantFrom(
    'live' as const,
    'cursor' as const,
    'cursor' as const,
    'last' as const,
    'ahead' as const,
  ),
  at: fc.nat(40),
  wants,
  capacity: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 12 })),
  conflate: fc.boolean(),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 14, arbitrary: publish },
  { weight: 6, arbitrary: subscribe },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'drop' as const), who }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('return' as const), who, node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      node,
      held: fc.constantFrom<Held[]>(1, 2, 3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restartAll' as const, 'lose' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('replicate' as const, 'failOver' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('intrude' as const),
      who: fc.constantFrom(...FOREIGNERS),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('inherit' as const),
      // No more than any limit keeps: older code may have had other limits, and only publishing trims.
      count: fc.integer({ min: 1, max: 9 }),
      who: fc.constantFrom('old' as const, 'odd' as const),
      key,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('erase' as const), node, at: fc.nat(40), filter: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('history' as const),
      node,
      wants,
      limit: fc.integer({ min: 1, max: 9 }),
    }),
  },
);

export const commands: fc.Arbitrary<Command[]> = fc.array(command, {
  minLength: 4,
  maxLength: 40,
  size: 'max',
});
