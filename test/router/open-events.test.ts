import { createTRPCClient, createWSClient, type TRPCClient, TRPCClientError, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import type { AppRouter } from '../../server/index.ts';
import { type Catalog, defineEvents, question } from '../../shared/index.ts';
import { eventually } from '../client/eventually.ts';
import { startTestServer, type TestServer } from '../client/test-server.ts';
import { type OpenCatalog, openCatalog } from '../open/world.ts';

/** The failure of a call, as a client of tRPC has it. */
async function failure(call: Promise<unknown>): Promise<object> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TRPCClientError) return error.data;
    throw error;
  }
  throw new Error('the call succeeded');
}

let server: TestServer<OpenCatalog>;
let client: ReturnType<typeof createWSClient>;
let trpc: TRPCClient<AppRouter<OpenCatalog>>;
beforeEach(async () => {
  server = await startTestServer({ catalog: openCatalog });
  client = createWSClient({ url: server.wsUrl, WebSocket: WebSocket as never });
  trpc = createTRPCClient({ links: [wsLink({ client, transformer: superjson })] });
});
afterEach(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

describe('a stock client of tRPC over a WebSocket', () => {
  test('[O1] [O4] writes a reply that grows, and settles it', async () => {
    const begun = await trpc.begin.reply.mutate({ data: { agent_id: 'shadow', text: '' }, leaseMs: 60_000 });
    expect(begun).toEqual({
      cursor: expect.any(String),
      id: expect.any(String),
      key: expect.any(String),
      resumed: false,
      length: 0,
    });
    const { id, key } = begun;
    expect(await trpc.append.mutate({ id, key, at: 0, text: 'Hello' })).toEqual({ length: 5 });
    expect(await trpc.append.mutate({ id, key, at: 0, text: 'Hello' })).toEqual({ length: 5 });
    expect(await failure(trpc.append.mutate({ id, key, at: 3, text: 'x' }))).toMatchObject({
      ...{ reason: 'CONFLICT', code: 'CONFLICT', httpStatus: 409, length: 5 },
    });
    expect(await trpc.touch.mutate({ ids: [id, 'reply.none'], key })).toEqual({ notOpen: ['reply.none'] });
    const { cursor } = await trpc.settle.mutate({ id, key, state: 'done' });
    expect(await failure(trpc.settle.mutate({ id, key, state: 'aborted' }))).toMatchObject({
      ...{ reason: 'ALREADY_SETTLED', httpStatus: 409, settled: { id, state: 'done', cursor } },
    });
    const { items } = await trpc.history.query();
    expect(items).toMatchObject([
      { cursor, event: { data: { text: 'Hello' }, open: { id, state: 'done' } } },
    ]);
  });

  test('a reason has no control characters, and no text begins with half of a surrogate pair', async () => {
    const { id, key } = await trpc.begin.reply.mutate({ data: { agent_id: 'shadow', text: '' } });
    await trpc.settle.mutate({ id, key, state: 'aborted', reason: 'a\u001b[2Jb\u0000' });
    const { items } = await trpc.history.query();
    expect(items).toMatchObject([{ event: { open: { state: 'aborted', reason: 'a[2Jb' } } }]);
    const half = trpc.begin.reply.mutate({ data: { agent_id: 'shadow', text: 'x\ud83d' } });
    expect(await failure(half)).toMatchObject({ reason: 'INVALID_OPTION' });
  });

  test('asks, and is answered once; the error of a second answer does not tell the first', async () => {
    const asked = { data: { tool: 'rm' }, topic: 'run-1', key: 'call-1', timeoutMs: 60_000 };
    const { id } = await trpc.begin.approval.mutate(asked);
    expect(await trpc.begin.approval.mutate(asked)).toMatchObject({ id, key: 'call-1', resumed: true });
    const { cursor } = await trpc.answer.approval.mutate({ topic: 'run-1', id, answer: { allow: true } });
    const again = trpc.answer.approval.mutate({ topic: 'run-1', id, answer: { allow: false } });
    expect(await failure(again)).toMatchObject({ settled: { id, state: 'answered', cursor } });
    expect(await failure(again)).not.toHaveProperty('settled.answer');
    expect(await trpc.begin.approval.mutate(asked)).toMatchObject({
      settled: { id, state: 'answered', cursor, answer: { allow: true } },
    });
  });

  test('is a member of a topic, and sees who is', async () => {
    const { id, key, cursor } = await trpc.begin.viewer.mutate({ data: { name: 'Ada' } });
    expect(await trpc.update.mutate({ id, key, data: { name: 'Bea' } })).toEqual({});
    const now = {
      items: [{ cursor, event: { event_type: 'viewer', data: { name: 'Bea' }, stored: false } }],
      cursor,
    };
    expect(await trpc.open.query({ types: ['viewer'] })).toMatchObject(now);
    expect((await trpc.open.query({ types: ['reply'] })).items).toEqual([]);
    expect((await trpc.open.query({ topic: 'other' })).items).toEqual([]);
    expect(await trpc.settle.mutate({ id, key, state: 'left' })).toEqual({ cursor });
    expect((await trpc.open.query()).items).toEqual([]);
    await trpc.publish.typing.mutate({ data: { who: 'Ada' } });
    expect((await trpc.history.query()).items).toEqual([]);
  });

  test('[O2] [O3] sees in its stream all that happens, and joins what is open', async () => {
    const { id, key } = await trpc.begin.reply.mutate({ data: { agent_id: 'shadow', text: 'Hm' } });
    const items: { event_type: string; data: unknown; stored?: false | undefined }[] = [];
    const subscription = trpc.on.any.subscribe(undefined, { onData: ({ data }) => items.push(data) });
    await eventually(() => expect(items.at(-1)?.event_type).toBe('stream_synced'));
    expect(items[0]).toMatchObject({
      event_type: 'reply',
      data: { text: 'Hm' },
      open: { id, state: 'open' },
      stored: false,
    });
    await trpc.append.mutate({ id, key, at: 2, text: '!' });
    await trpc.settle.mutate({ id, key, state: 'done' });
    await eventually(() => expect(items).toHaveLength(4));
    expect(items.slice(2)).toMatchObject([
      { event_type: 'stream_update', data: { id, at: 2, text: '!' } },
      { event_type: 'reply', data: { text: 'Hm!' }, open: { id, state: 'done' } },
    ]);
    expect(JSON.stringify(items)).not.toContain(key);
    subscription.unsubscribe();
  });
});

describe('inputs are bounded', () => {
  const owner = { id: 'reply.x', key: 'k' };

  test.each<[string, () => Promise<unknown>]>([
    ['key', () => trpc.begin.viewer.mutate({ data: { name: '' }, key: 'x'.repeat(129) })],
    ['leaseMs', () => trpc.begin.viewer.mutate({ data: { name: '' }, leaseMs: 3_600_001 })],
    ['timeoutMs', () => trpc.begin.approval.mutate({ data: { tool: '' }, timeoutMs: 31 * 86_400_000 })],
    ['text', () => trpc.append.mutate({ ...owner, at: 0, text: 'a\ud800' })],
    ['at', () => trpc.append.mutate({ ...owner, at: 0.5, text: '' })],
    ['id', () => trpc.append.mutate({ ...owner, id: 'x'.repeat(129), at: 0, text: '' })],
    ['ids', () => trpc.touch.mutate({ key: 'k', ids: Array.from({ length: 1001 }, () => 'a') })],
    ['state', () => trpc.settle.mutate({ ...owner, state: 'lost' })],
    ['reason', () => trpc.settle.mutate({ ...owner, state: 'aborted', reason: 'x'.repeat(1001) })],
  ])('%s', async (field, call) => {
    expect(await failure(call())).toMatchObject({ reason: 'INVALID_OPTION', issues: [{ path: [field] }] });
  });

  test('an unknown event, and one that is not begun', async () => {
    const untyped = trpc as unknown as Record<
      string,
      Record<string, { mutate(input: unknown): Promise<unknown> }>
    >;
    expect(
      await failure(untyped['begin']?.['replay']?.mutate({ data: {} }) ?? Promise.resolve()),
    ).toMatchObject({
      reason: 'UNKNOWN_EVENT',
    });
    expect(
      await failure(untyped['begin']?.['note']?.mutate({ data: {} }) ?? Promise.resolve()),
    ).toMatchObject({
      ...{ reason: null, code: 'NOT_FOUND' },
    });
    expect(await failure(trpc.append.mutate({ ...owner, at: 0, text: 'a' }))).toMatchObject({
      ...{ reason: 'NOT_OPEN', httpStatus: 404 },
    });
  });
});

test('an answer that is more than JSON goes over the wire', async () => {
  const catalog = defineEvents({
    when: question({ asks: z.object({}), answers: z.object({ at: z.date() }) }),
  });
  await using other = await startTestServer({ catalog });
  const socket = createWSClient({ url: other.wsUrl, WebSocket: WebSocket as never });
  const stock = createTRPCClient<AppRouter<typeof catalog>>({
    links: [wsLink({ client: socket, transformer: superjson })],
  });
  const { id } = await stock.begin.when.mutate({ data: {} });
  const answer = { at: new Date('2026-01-01') };
  await stock.answer.when.mutate({ id, answer });
  expect((await stock.history.query()).items.at(-1)?.event.answer).toEqual(answer);
  await socket.close();
});

test('a catalog in which every event is complete has none of these procedures', async () => {
  const plain = defineEvents({ note: z.object({}) });
  await using other = await startTestServer({ catalog: plain });
  const socket = createWSClient({ url: other.wsUrl, WebSocket: WebSocket as never });
  const stock = createTRPCClient<AppRouter<typeof plain>>({
    links: [wsLink({ client: socket, transformer: superjson })],
  });
  type Has<K extends string> = K extends keyof typeof stock ? true : false;
  expectTypeOf<Has<'begin' | 'append' | 'answer' | 'open'>>().toEqualTypeOf<false>();
  expectTypeOf<Has<'publish'>>().toEqualTypeOf<true>();
  const call = Reflect.get(Reflect.get(stock, 'open'), 'query');
  expect(await failure(call())).toMatchObject({ reason: null, code: 'NOT_FOUND' });
  await socket.close();
});

test('types: only what is begun can be begun, and only questions are answered', () => {
  type Begin = keyof (typeof trpc)['begin'];
  expectTypeOf<Begin & 'reply'>().toEqualTypeOf<'reply'>();
  expectTypeOf<Begin & ('note' | 'typing')>().toEqualTypeOf<never>();
  type Answer = keyof (typeof trpc)['answer'];
  expectTypeOf<Answer & ('approval' | 'reply')>().toEqualTypeOf<'approval'>();
  expectTypeOf<OpenCatalog>().toExtend<Catalog<OpenCatalog['schemas'], OpenCatalog['opens']>>();
});
