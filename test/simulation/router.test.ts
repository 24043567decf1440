import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import { initTRPC, TRPCError } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { SimulationState } from '../../simulation/catalog.ts';
import { simulationProcedures } from '../../simulation/control/simulation-procedures.ts';
import { SimulationRegistry } from '../../simulation/control/simulation-registry.ts';
import { runSimulation } from '../../simulation/run-simulation.ts';
import { FakeClock } from './fake-clock.ts';
import { eventLog, only } from './stage.ts';

/** A server with one simulation on `default` and one on `other`, and a client that may or may not control them. */
async function setUp({ allowed = true } = {}) {
  const log = eventLog();
  const clock = new FakeClock();
  const registry = new SimulationRegistry();
  const stop = new AbortController();
  const options = { manager: log.manager, clock, registry, signal: stop.signal };
  const simulation = runSimulation({ ...options, seed: 5 });
  const other = runSimulation({ ...options, topic: 'other' });

  const t = initTRPC.create();
  const permitted = t.procedure.use(({ next }) => {
    if (!allowed) throw new TRPCError({ code: 'FORBIDDEN' });
    return next();
  });
  const router = t.router({ simulation: simulationProcedures(registry, permitted) });
  const server = createHTTPServer({ router });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = createTRPCClient<typeof router>({ links: [httpLink({ url: `http://127.0.0.1:${port}` })] });
  return {
    ...log,
    clock,
    client: client.simulation,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([simulation.closed, other.closed]);
      server.closeAllConnections();
      server.close();
      await log.manager.close();
    },
  };
}

const codeOf = async (answer: Promise<unknown>): Promise<string | undefined> =>
  answer.then(
    () => undefined,
    (error: unknown) => (error instanceof TRPCClientError ? error.data?.code : String(error)),
  );

describe('simulation procedures', () => {
  test('show and control a simulation, and each answers with the state it led to', async () => {
    await using server = await setUp();
    const { client, clock } = server;
    expect(await client.state.query()).toMatchObject({ status: 'running', seed: 5, tick: 0 });
    expect(await client.setSpeed.mutate({ speed: 10 })).toMatchObject({ speed: 10 });
    await clock.advance(1000);
    const paused = await client.pause.mutate();
    expect(paused).toMatchObject({ status: 'paused' });
    expect(paused.tick).toBeGreaterThan(4);
    const step = client.step.mutate();
    await expect
      .poll(
        async () => {
          await clock.advance(100);
          return (await client.state.query()).tick;
        },
        { timeout: 10_000 },
      )
      .toBe(paused.tick + 1);
    expect(await step).toMatchObject({ status: 'paused', tick: paused.tick + 1 });
    expect(await client.inject.mutate({ text: ' Who are you? ' })).toMatchObject({
      stimulus: 'Who are you?',
    });
    expect(await client.reset.mutate({ seed: 6 })).toMatchObject({ seed: 6, tick: 0, stimulus: null });
    expect(await client.reset.mutate()).toMatchObject({ seed: 6 });
    const started = await client.start.mutate();
    expect(started).toMatchObject({ status: 'running', speed: 10 });
    expectTypeOf(started).toEqualTypeOf<SimulationState>();
    expect(only(await server.events(), 'simulation_state').at(-1)?.data).toEqual(started);
  });

  test('affect only the simulation that the topic names', async () => {
    await using server = await setUp();
    const { client } = server;
    await client.pause.mutate({ topic: 'other' });
    const list = await client.list.query();
    expect(list.map(({ topic, status }) => [topic, status])).toEqual([
      ['default', 'running'],
      ['other', 'paused'],
    ]);
  });

  test('refuse invalid input with BAD_REQUEST, and change nothing', async () => {
    await using server = await setUp();
    const { client } = server;
    const before = await client.list.query();
    const answers = [
      client.setSpeed.mutate({ speed: 0 }),
      client.setSpeed.mutate({ speed: 10.5 }),
      client.inject.mutate({ text: '  ' }),
      client.inject.mutate({ text: 'x'.repeat(501) }),
      client.reset.mutate({ seed: -1 }),
      client.start.mutate({ topic: 'nowhere' }),
      client.state.query({ topic: '__proto__' }),
    ];
    expect(new Set(await Promise.all(answers.map(codeOf)))).toEqual(new Set(['BAD_REQUEST']));
    expect(await client.list.query()).toEqual(before);
  });

  test('are allowed to callers of the procedure they are built on', async () => {
    await using server = await setUp({ allowed: false });
    const { list, pause, state } = server.client;
    const answers = [list.query(), pause.mutate(), state.query()];
    expect(await Promise.all(answers.map(codeOf))).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
  });
});
