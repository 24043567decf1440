import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type AnyTRPCRouter, initTRPC } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  applyBroadcastWSSHandler,
  Broadcaster,
  createAppRouter,
  EventManager,
  eventProcedures,
  MemoryBroker,
} from '../../server/index.ts';
import { type PsycheCatalog, transformer } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

/** Another copy of tRPC: its CommonJS build, which a program gets that uses `require`. */
const load = createRequire(import.meta.url);
const foreign = {
  server: load('@trpc/server') as typeof import('@trpc/server'),
  standalone: load('@trpc/server/adapters/standalone') as typeof import('@trpc/server/adapters/standalone'),
  ws: load('@trpc/server/adapters/ws') as typeof import('@trpc/server/adapters/ws'),
};

const refused = (words: RegExp) =>
  expect.objectContaining({
    name: 'EventsError',
    code: 'INVALID_OPTION',
    message: expect.stringMatching(words),
  });

let manager: EventManager<PsycheCatalog>;
beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(() => manager.close());

type HttpHandler = typeof createHTTPHandler;

/** The first chunk of a stream of server-sent events that holds what is looked for. */
async function streamOf(router: AnyTRPCRouter, handler: HttpHandler, wanted: RegExp): Promise<string> {
  const server = createServer(handler({ router, createContext: () => ({}) }));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const leave = new AbortController();
  try {
    const input = encodeURIComponent(JSON.stringify({ json: { since: { last: 1 } } }));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/on.agent_message?input=${input}`, {
      headers: { accept: 'text/event-stream' },
      signal: leave.signal,
    });
    let text = '';
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (wanted.test(text)) break;
    }
    return text;
  } finally {
    leave.abort();
    server.closeAllConnections();
    server.close();
  }
}

describe('a procedure of another copy of tRPC', () => {
  const bases = (server: typeof import('@trpc/server')) => {
    const t = server.initTRPC.context<{ user: string }>().create({ transformer });
    return [
      ['as it is', t.procedure],
      ['with middleware', t.procedure.use(({ next }) => next({ ctx: { role: 'x' } }))],
      ['with a meta', server.initTRPC.meta<{ a: 1 }>().create().procedure.meta({ a: 1 })],
    ] as const;
  };

  test.each(bases(foreign.server))('is refused where events are mounted: %s', (_, base) => {
    expect(() => eventProcedures(manager, base as never)).toThrow(
      refused(/another copy of @trpc\/server.*index\.cjs|initTRPC-\w+\.cjs.*npm ls @trpc\/server/s),
    );
  });

  test.each(bases({ initTRPC } as typeof import('@trpc/server')))(
    'control: from our copy is accepted unchanged: %s',
    (_, base) => {
      const { middlewares, inputs } = base._def as unknown as Record<string, readonly unknown[]>;
      const before = [middlewares?.length, inputs?.length];
      expect(eventProcedures(manager, base as never)).toHaveProperty('on.agent_message');
      expect([middlewares?.length, inputs?.length]).toEqual(before);
    },
  );

  test('is accepted where the host writes no stacks, since its copy cannot be recognised', () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const [[, base]] = bases(foreign.server);
      expect(eventProcedures(manager, base as never)).toHaveProperty('publish');
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});

describe('a router of another copy of tRPC', () => {
  const router = foreign.server.initTRPC.create().router({}) as AnyTRPCRouter;

  test('is refused by the broadcaster', () => {
    const wss = new WebSocketServer({ noServer: true });
    expect(() => applyBroadcastWSSHandler({ wss, router })).toThrow(refused(/router was made by another/));
    expect(wss.listenerCount('connection')).toBe(0);
    expect(() => new Broadcaster({ server: createServer(), router })).toThrow(refused(/another copy/));
  });
});

describe('our router under an adapter of another copy of tRPC', () => {
  test('sends an error over server-sent events instead of events without ids', async () => {
    await manager.publish('agent_message', agentMessage(1));
    const router = createAppRouter(manager);
    const text = await streamOf(router, foreign.standalone.createHTTPHandler as HttpHandler, /event: serial/);
    expect(text).toMatch(/data: .*another copy of @trpc\/server/);
    expect(text).not.toMatch(/agent_id|^id: /m);
  });

  test('control: sends ids when the copy is ours', async () => {
    await manager.publish('agent_message', agentMessage(1));
    const text = await streamOf(createAppRouter(manager), createHTTPHandler, /^id: /m);
    expect(text).toMatch(/data: \{"json":\{"agent_id|data: \{"json":\{.*agent_message/);
    expect(text).toMatch(/^id: [\w-]+:1$/m);
  });

  test.each([
    [
      'an error from another copy',
      foreign.ws.applyWSSHandler as typeof applyWSSHandler,
      /another copy of @trpc\/server/,
    ],
    ['control: ids from our copy', applyWSSHandler, /"id":"[\w-]+:1"/],
  ])('answers over WebSocket: %s', async (_, apply, wanted) => {
    await manager.publish('agent_message', agentMessage(1));
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(wss, 'listening');
    apply({ wss, router: createAppRouter(manager), createContext: () => ({}) });
    const socket = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
    try {
      const input = { json: { since: { last: 1 } } };
      socket.on('open', () =>
        socket.send(
          JSON.stringify({ id: 1, method: 'subscription', params: { path: 'on.agent_message', input } }),
        ),
      );
      const text = await new Promise<string>((resolve) => {
        socket.on('message', (data) => wanted.test(String(data)) && resolve(String(data)));
      });
      expect(text).not.toMatch(/\["[\w-]+:1",/);
    } finally {
      socket.terminate();
      wss.close();
    }
  });
});
