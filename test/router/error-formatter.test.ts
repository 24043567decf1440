import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import {
  type ErrorDetails,
  EventManager,
  errorFormatter,
  eventProcedures,
  MemoryBroker,
} from '../../server/index.ts';
import { type PsycheCatalog, transformer } from '../../shared/index.ts';

let manager: EventManager<PsycheCatalog>;
beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(() => manager.close());

function applicationWith(options: { errorFormatter?: typeof errorFormatter }) {
  const t = initTRPC.create({ transformer, ...options });
  return t.router({
    events: eventProcedures(manager, t.procedure),
    greet: t.procedure.input(z.object({ name: z.string() })).query(({ input }) => input.name),
    broken: t.procedure.query((): string => {
      throw new Error('its own words');
    }),
  });
}

async function serve(router: ReturnType<typeof applicationWith>) {
  const server = createServer(createHTTPHandler({ router, basePath: '/trpc/' }));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/trpc`;
  return { url, [Symbol.asyncDispose]: async () => void server.close() };
}

describe('an application with our error formatter', () => {
  test('gives clients the reason and the issues of an invalid event', async () => {
    await using app = await serve(applicationWith({ errorFormatter }));
    const publisher = createPublisher({ url: app.url, path: 'events' });
    await expect(publisher.publish('agent_message', { agent_id: 5 } as never)).rejects.toMatchObject({
      code: 'INVALID_EVENT',
      issues: expect.arrayContaining([expect.objectContaining({ path: ['data', 'agent_id'] })]),
    });
  });

  test('gives clients the issues of its own procedures’ inputs too, with their messages unchanged', async () => {
    await using app = await serve(applicationWith({ errorFormatter }));
    const trpc = createTRPCClient<ReturnType<typeof applicationWith>>({
      links: [httpLink({ url: app.url, transformer })],
    });
    const wrong = await trpc.greet.query({ name: 5 } as never).catch((error: unknown) => error);
    if (!(wrong instanceof TRPCClientError)) throw new Error('not refused');
    expect(wrong.data).toMatchObject({
      code: 'BAD_REQUEST',
      reason: 'INVALID_OPTION',
      issues: [{ path: ['name'] }],
    });
    expect(JSON.parse(wrong.message)).toMatchObject([{ path: ['name'] }]);
    await expect(trpc.broken.query()).rejects.toMatchObject({
      message: 'its own words',
      data: { reason: null, issues: [] },
    });
  });

  test('has reason and issues in the types of its clients', () => {
    const t = initTRPC.create({ errorFormatter });
    type Shape = (typeof t)['_config']['$types']['errorShape'];
    expectTypeOf<Shape['data']>().toExtend<ErrorDetails & { httpStatus: number }>();
  });
});

test('control: gives clients only tRPC’s code without the formatter', async () => {
  await using app = await serve(applicationWith({}));
  const publisher = createPublisher({ url: app.url, path: 'events' });
  const wrong = await publisher.publish('agent_message', { agent_id: 5 } as never).catch((error) => error);
  expect(wrong.code).not.toBe('INVALID_EVENT');
  expect(wrong.issues).toEqual([]);
});
