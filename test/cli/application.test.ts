import { expect, test } from 'vitest';
import { catalog, createApplication } from '../../cli/serve/application.ts';
import { SimulationRegistry } from '../../simulation/index.ts';
import { httpClient, startTestServer } from '../app/harness.ts';

/** Serves the application of `serve` in this process. */
async function serveHere({
  simulation = true,
  ...options
}: NonNullable<Parameters<typeof startTestServer>[0]>) {
  return startTestServer(
    { simulation, ...options },
    { catalog, application: await createApplication({}, simulation) },
  );
}

async function list(url: string): Promise<{ topic: string; seed: number }[]> {
  return (await (await fetch(`${url}/trpc/simulation.list`)).json()).result.data.json;
}

test('SIMULATION_TOPICS runs several conversations side by side, and system_status on each topic reports the agents of all', async () => {
  await using server = await serveHere({ simulationTopics: ['default', 'run-2'], monitorIntervalMs: 100 });
  expect((await list(server.url)).map(({ topic, seed }) => [topic, seed])).toEqual([
    ['default', 1],
    ['run-2', 2],
  ]);
  const { history } = httpClient(server.url);
  const latest = async () => {
    const topics = ['default', 'run-2'];
    const pages = await Promise.all(
      topics.map((topic) => history.query({ topic, types: ['system_status'], limit: 1 })),
    );
    return pages.flatMap(({ items }) => items.map(({ event }) => event.data));
  };
  const spoken = { interactions: expect.any(Number), latency_last_ms: expect.any(Number), errors: 0 };
  const status = {
    active_agents: 10,
    performance_metrics: { agent_latency_mean_ms: expect.any(Number) },
    metadata: { agents: { shadow: spoken, 'run-2/shadow': spoken } },
  };
  await expect.poll(latest).toMatchObject([status, status]);
  const elsewhere = await history.query({ topic: 'run-2', types: ['agent_message'], limit: 1 });
  expect(elsewhere.items).toHaveLength(1);
});

test('the simulation’s procedures exist without the simulation, and say that none runs', async () => {
  await using server = await serveHere({ simulation: false });
  expect(await list(server.url)).toEqual(new SimulationRegistry().list());
  const state = await (await fetch(`${server.url}/trpc/simulation.state`)).json();
  expect(state.error.json.message).toContain('This process runs none.');
});
