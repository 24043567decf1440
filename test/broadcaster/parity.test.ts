import { setImmediate as turn } from 'node:timers/promises';
import { initTRPC, TRPCError, tracked } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { observable } from '@trpc/server/observable';
import superjson from 'superjson';
import { describe, expect, test } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { type Apply, type Frame, startServer } from './harness.ts';
import { hostileText, Random } from './hostile.ts';

const t = initTRPC.create({ transformer: superjson, isDev: false });
const any = (input: unknown) => input;

/** Every kind of procedure; none waits for more than microtasks, so that what is answered depends on what is sent. */
const router = t.router({
  echo: t.procedure.input(any).query(({ input }) => input),
  mutate: t.procedure.input(any).mutation(({ input }) => ({ input, at: new Date(0), big: 1n })),
  number: t.procedure.input((input) => Number(input)).query(({ input }) => input),
  fails: t.procedure.query(() => {
    throw new TRPCError({ code: 'CONFLICT', message: 'as it should' });
  }),
  throwsText: t.procedure.mutation(() => {
    throw 'text';
  }),
  items: t.procedure.input(any).subscription(async function* ({ input }) {
    yield 'first';
    yield tracked('2', input);
  }),
  breaks: t.procedure.subscription(async function* () {
    yield 1;
    throw new Error('in the middle');
  }),
  endless: t.procedure.subscription(async function* ({ signal }) {
    yield 'open';
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  }),
  pushed: t.procedure.subscription(() =>
    observable<number>((observer) => {
      observer.next(1);
      observer.next(2);
      observer.complete();
    }),
  ),
  hot: t.procedure.subscription(() => observable<number>((observer) => observer.next(1))),
  nothing: t.procedure.subscription(() => 'no stream' as unknown as AsyncIterable<string>),
});
const PATHS = [
  'echo',
  'mutate',
  'number',
  'fails',
  'throwsText',
  'items',
  'breaks',
  'endless',
  'pushed',
  'hot',
  'nothing',
  'nowhere',
] as const;

/** Answers to a client's script of messages, by request id and in order, and the reports to the server. */
async function play(apply: Apply, script: readonly string[]) {
  const errors: string[] = [];
  await using server = await startServer(apply, {
    router,
    maxBatchSize: 6,
    onError: ({ error, path, type, input }) => {
      errors.push(JSON.stringify(superjson.serialize([error.code, error.message, path, type, input])));
    },
  });
  const client = await server.connect();
  for (const message of script) {
    client.send(message);
    await client.flushed();
  }
  client.call('the end', 'query', 'number', superjson.serialize(1));
  await client.frame('the end');
  let seen = -1;
  while (client.frames.length !== seen) {
    seen = client.frames.length;
    for (let turns = 0; turns < 20; turns++) await turn();
  }
  const byId: Record<string, Frame[]> = {};
  for (const frame of client.frames) {
    const key = JSON.stringify(frame.id);
    byId[key] = [...(byId[key] ?? []), frame];
  }
  return { byId, heartbeats: client.others, errors: errors.sort() };
}

/** Tells if superjson can read the input of each call in a message. */
function hasReadableInputs(text: string): boolean {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return true;
  }
  return [message].flat().every((call) => {
    const params: unknown = (call as { params?: unknown } | null)?.params;
    if (typeof params !== 'object' || params === null) return true;
    try {
      superjson.deserialize((params as { input: never }).input);
      return true;
    } catch {
      return false;
    }
  });
}

describe('our adapter and tRPC’s own give the same answers', () => {
  const seeds = Array.from({ length: 24 }, (_, index) => index + 1);

  test.each(seeds)('to 60 hostile messages (seed %i)', async (seed) => {
    const random = new Random(seed);
    const script = Array.from({ length: 60 }, () =>
      hostileText(random, PATHS, seed % 2 ? 0.02 : 0.15),
    ).filter(
      // An id that is long, or more than any number, we refuse and stock does not; and an input that nobody can read, see below.
      (text) => !/"id":(?:"[^"]{257}|1e309)/.test(text) && hasReadableInputs(text),
    );
    const [stock, ours] = [await play(applyWSSHandler, script), await play(applyBroadcastWSSHandler, script)];
    expect(Object.keys(stock.byId).length).toBeGreaterThan(5);
    expect(ours, `seed ${seed}`).toEqual(stock);
  });
});

const UNREADABLE = { json: 1, meta: { values: ['no such type'] } };

test('an unreadable input fails its own call, after the client was let in, and the rest of its batch runs', async () => {
  await using server = await startServer(applyBroadcastWSSHandler, { router });
  const client = await server.connect();
  client.send([
    { id: 1, method: 'query', params: { path: 'echo', input: UNREADABLE } },
    { id: 2, method: 'query', params: { path: 'number', input: superjson.serialize(2) } },
  ]);
  expect((await client.frame(2)).result?.data).toEqual(superjson.serialize(2));
  expect((await client.frame(1)).error).toMatchObject({
    json: { data: { code: 'PARSE_ERROR', path: 'echo' } },
  });
});

test('control: tRPC’s own adapter answers no call of such a batch, and runs none', async () => {
  await using server = await startServer(applyWSSHandler, { router });
  const client = await server.connect();
  client.send([
    { id: 1, method: 'query', params: { path: 'echo', input: UNREADABLE } },
    { id: 2, method: 'query', params: { path: 'number', input: superjson.serialize(2) } },
  ]);
  client.call('later', 'query', 'number', superjson.serialize(3));
  await client.frame('later');
  expect(client.frames.map(({ id }) => id)).toEqual([null, 'later']);
});
