import { once } from 'node:events';
import { connect } from 'node:net';
import { initTRPC, tracked } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_NUMBER } from '@trpc/server/rpc';
import superjson from 'superjson';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { WEBSOCKET_LIMITS } from '../../server/broadcaster/core/limits.ts';
import { type Frame, type RawClient, startServer, type TestServer } from './harness.ts';
import { closeCode, DOCUMENTED_CLOSES, damaged, hostileText, Random, UPGRADE, wireFrame } from './hostile.ts';

// As our own router has it: else each refusal has a stack, which costs more than all else of it.
const t = initTRPC.create({ transformer: superjson, isDev: false });
const any = (input: unknown) => input;
const router = t.router({
  echo: t.procedure.input(any).query(({ input }) => input),
  mutate: t.procedure.input(any).mutation(({ input }) => [input]),
  items: t.procedure.input(any).subscription(async function* ({ input }) {
    yield tracked('1', input);
  }),
  endless: t.procedure.subscription(async function* ({ signal }) {
    yield 1;
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  }),
  hello: t.procedure.query(() => 'hello'),
});
const PATHS = ['echo', 'mutate', 'items', 'endless', '__proto__', 'constructor.name', ''] as const;

const NOTHING = superjson.serialize(null);

const fatal = vi.fn();

function isDocumented({ id, error, result }: Frame): boolean {
  if (!['string', 'number', 'object'].includes(typeof id)) return false;
  if (!error) return ['data', 'started', 'stopped'].includes(result?.type ?? '');
  const { code } = superjson.deserialize(error as never) as { code: number };
  return Object.hasOwn(TRPC_ERROR_CODES_BY_NUMBER, code);
}

/** Checks that everything the server said is a tRPC message. */
function expectDocumented(client: RawClient, context: string): void {
  expect(
    client.frames.filter((frame) => !isDocumented(frame)),
    context,
  ).toEqual([]);
  expect(client.others.every((text) => text === 'PONG')).toBe(true);
}

async function expectAlive(server: TestServer, context: string): Promise<void> {
  const client = await server.connect();
  client.call(1, 'query', 'hello', NOTHING);
  expect((await client.frame(1)).result?.data, context).toEqual({ json: 'hello' });
  client.ws.close();
  expect(fatal.mock.calls, context).toEqual([]);
  expect({}, context).not.toHaveProperty('polluted');
}

describe('hostile clients', () => {
  beforeAll(() => {
    process.on('uncaughtException', fatal).on('unhandledRejection', fatal);
  });
  afterEach(() => fatal.mockClear());
  afterAll(() => {
    process.off('uncaughtException', fatal).off('unhandledRejection', fatal);
  });

  test.each([11, 12, 13])(
    'get 1000 mutated messages answered as documented, or are closed (seed %i)',
    async (seed) => {
      const random = new Random(seed);
      await using server = await startServer(
        applyBroadcastWSSHandler,
        { router, maxBatchSize: 50 },
        WEBSOCKET_LIMITS,
      );
      let client = await server.connect();
      for (let n = 0; n < 1_000; n++) {
        const text = hostileText(random, PATHS, 0.3);
        const context = `seed ${seed}, message ${n}: ${text.slice(0, 200)}`;
        client.send(random.next() < 0.1 ? damaged(random, Buffer.from(text)) : text);
        await Promise.race([client.flushed(), client.closed]);
        if (client.ws.readyState !== client.ws.OPEN) {
          expect(DOCUMENTED_CLOSES, context).toContain(await client.closed);
          client = await server.connect();
        }
        if (n % 100 === 99) {
          client.call('probe', 'query', 'hello', NOTHING);
          expect((await client.frame('probe')).result?.data, context).toEqual({ json: 'hello' });
          expectDocumented(client, context);
          client.ws.terminate();
          await expectAlive(server, context);
          client = await server.connect(random.next() < 0.5 ? '/' : '/?connectionParams=0');
        }
      }
    },
  );

  test.each([21, 22])(
    'are served, or their connection is closed, after 150 mutated first messages (seed %i)',
    async (seed) => {
      const random = new Random(seed);
      await using server = await startServer(applyBroadcastWSSHandler, { router }, WEBSOCKET_LIMITS);
      for (let n = 0; n < 150; n++) {
        const client = await server.connect('/?connectionParams=1');
        const text =
          random.next() < 0.5
            ? hostileText(random, PATHS, 0.5)
            : damaged(random, Buffer.from('{"method":"connectionParams","data":{"token":"x"}}')).toString();
        client.send(text);
        client.send('{"method":"connectionParams","data":{}}'); // it may have been a heartbeat
        client.call(1, 'query', 'hello', NOTHING);
        await Promise.race([client.frame(1), client.closed]);
        expectDocumented(client, `seed ${seed}, connection ${n}: ${text.slice(0, 200)}`);
        client.ws.terminate();
      }
      await expectAlive(server, `seed ${seed}`);
    },
  );

  test.each([31, 32])(
    'end nothing but their socket with mutated bytes on 250 sockets (seed %i)',
    async (seed) => {
      const random = new Random(seed);
      await using server = await startServer(applyBroadcastWSSHandler, { router }, WEBSOCKET_LIMITS);
      const codes = new Set<number>();
      for (let n = 0; n < 250; n++) {
        const socket = connect(server.port, '127.0.0.1').on('error', () => {});
        const upgrade =
          random.next() < 0.1 ? damaged(random, Buffer.from(UPGRADE())) : Buffer.from(UPGRADE());
        socket.write(upgrade);
        const frames = Array.from({ length: 1 + random.below(6) }, () =>
          wireFrame(random, Buffer.from(hostileText(random, PATHS))),
        );
        const bytes = Buffer.concat(frames);
        socket.end(random.next() < 0.8 ? damaged(random, bytes) : bytes);
        const received: Buffer[] = [];
        socket.on('data', (data) => received.push(data));
        const timer = setTimeout(() => socket.destroy(), 1_000);
        await once(socket, 'close');
        clearTimeout(timer);
        const close = closeCode(Buffer.concat(received));
        if (close !== undefined) codes.add(close);
        if (n % 50 === 49) await expectAlive(server, `seed ${seed}, socket ${n}`);
      }
      expect([...codes].filter((code) => code !== 1000 && code < 3000).sort()).toEqual(
        expect.arrayContaining([1002]),
      );
      for (const code of codes) {
        // Any other code is the client's own, given back.
        if (code >= 1002 && code < 1012) expect(DOCUMENTED_CLOSES, `seed ${seed}`).toContain(code);
      }
    },
  );
});
