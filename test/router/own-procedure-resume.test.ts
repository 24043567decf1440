import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createTRPCClient,
  createWSClient,
  httpSubscriptionLink,
  type TRPCClient,
  wsLink,
} from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { EventSource } from 'eventsource';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { Broadcaster, EventManager, errorFormatter, MemoryBroker, trackedItems } from '../../server/index.ts';
import { transformer } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

/** An application with a procedure as the guide has it, and one that takes no `lastEventId`. */
function routerOf(manager: EventManager) {
  const t = initTRPC.create({ transformer, errorFormatter });
  return t.router({
    messages: t.procedure
      .input(z.object({ lastEventId: z.string().nullish() }).optional())
      .subscription(({ input, signal }) =>
        trackedItems(() =>
          manager.subscribe({ types: ['agent_message'], since: input?.lastEventId ?? undefined, signal }),
        ),
      ),
    forgetful: t.procedure.subscription(({ signal }) =>
      trackedItems(() => manager.subscribe({ types: ['agent_message'], signal })),
    ),
  });
}

type Router = ReturnType<typeof routerOf>;

/** The application, on WebSockets of ours and on tRPC's own HTTP. A connection can be cut, and new ones held off. */
async function startApplication() {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const router = routerOf(manager);
  let isAway = false;
  const answer = createHTTPHandler({ router, basePath: '/trpc/', createContext: async () => ({}) });
  const server = createServer((request, response) => {
    if (isAway) request.socket.destroy();
    else answer(request, response);
  });
  const onUpgrade = () => (isAway ? { status: 503 } : undefined);
  const broadcaster = new Broadcaster({ server, router, onUpgrade });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    manager,
    url: `http://127.0.0.1:${port}/trpc`,
    /** Cuts all connections, and lets none in while `run` lasts. */
    async away(run: () => Promise<unknown>) {
      isAway = true;
      for (const { id } of broadcaster.connections) broadcaster.disconnect(id);
      server.closeAllConnections();
      await expect.poll(() => manager.stats().subscribers).toBe(0);
      await run();
      isAway = false;
    },
    async [Symbol.asyncDispose]() {
      await broadcaster.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await manager.close();
    },
  };
}

type Stock = { trpc: TRPCClient<Router> } & AsyncDisposable;

function overWebSocket(url: string): Stock {
  const client = createWSClient({
    url: url.replace('http', 'ws'),
    WebSocket: WebSocket as never,
    retryDelayMs: () => 20,
  });
  return {
    trpc: createTRPCClient({ links: [wsLink({ client, transformer })] }),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Connections are counted: the test of a refusal must see that none follows. */
let opened = 0;
class CountedSource extends EventSource {
  constructor(...args: ConstructorParameters<typeof EventSource>) {
    super(...args);
    opened++;
  }
}

function overHttp(url: string): Stock {
  return {
    trpc: createTRPCClient({
      links: [httpSubscriptionLink({ url, transformer, EventSource: CountedSource })],
    }),
    async [Symbol.asyncDispose]() {},
  };
}

describe.each([
  ['wsLink', overWebSocket],
  ['httpSubscriptionLink', overHttp],
] as const)('a procedure of an application’s own over %s', (name, stock) => {
  async function seenBy(procedure: 'messages' | 'forgetful'): Promise<string[]> {
    await using application = await startApplication();
    await using client = stock(application.url);
    const { manager } = application;
    const publish = (n: number) => manager.publish('agent_message', agentMessage(n));
    const seen: string[] = [];
    let begun = 0;
    const subscription = client.trpc[procedure].subscribe(undefined, {
      onData({ data }) {
        if (data.event_type === 'agent_message') seen.push(data.data.message);
        else begun++;
      },
    });
    await expect.poll(() => begun).toBe(1);
    await publish(1);
    await expect.poll(() => seen).toEqual(['1']);
    await application.away(async () => {
      await publish(2);
      await publish(3);
    });
    await expect.poll(() => begun, { timeout: 15_000 }).toBe(2);
    await publish(4);
    await expect.poll(() => seen.at(-1)).toBe('4');
    subscription.unsubscribe();
    return seen;
  }

  test('loses nothing that is published while a client is away', { timeout: 30_000 }, async () => {
    expect(await seenBy('messages')).toEqual(['1', '2', '3', '4']);
  });

  test('control: loses it where it takes no lastEventId', { timeout: 30_000 }, async () => {
    expect(await seenBy('forgetful')).toEqual(['1', '4']);
  });

  test('refuses a wrong lastEventId with its code, and is not asked again', async () => {
    await using application = await startApplication();
    await using client = stock(application.url);
    opened = 0;
    const error = await new Promise<unknown>((resolve) => {
      client.trpc.messages.subscribe({ lastEventId: 'garbage' }, { onError: resolve });
    });
    expect(error).toMatchObject({ data: { code: 'BAD_REQUEST', reason: 'INVALID_CURSOR' } });
    expect(opened).toBe(name === 'wsLink' ? 0 : 1);
  });
});
