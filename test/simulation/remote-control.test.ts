import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test, vi } from 'vitest';
import { type Broker, MemoryBroker, RedisBroker } from '../../server/index.ts';
import { SimulationRegistry } from '../../simulation/control/simulation-registry.ts';
import { runSimulation } from '../../simulation/run-simulation.ts';
import { FakeClock } from './fake-clock.ts';
import { managerOf } from './stage.ts';

/** Two processes that share a log, each with its broker: one runs a simulation on `run-1`, the other runs none. */
async function twoProcesses(brokerOf: () => Broker) {
  const [here, there] = [brokerOf(), brokerOf()];
  const manager = managerOf(there);
  const clock = new FakeClock();
  const host = new SimulationRegistry({ broker: there });
  const simulation = runSimulation({ manager, clock, registry: host, topic: 'run-1', seed: 3 });
  const registry = new SimulationRegistry({ broker: here });
  return {
    simulation,
    clock,
    registry,
    host,
    async [Symbol.asyncDispose]() {
      registry.close();
      host.close();
      await simulation.close();
      await manager.close();
      await here.close();
    },
  };
}

const shared = new Map<string, () => () => Broker>([
  [
    'memory',
    () => {
      const broker = new MemoryBroker();
      return () => broker;
    },
  ],
  [
    'Redis',
    () => {
      const prefix = `control-${randomUUID()}`;
      return () => new RedisBroker({ url: inject('redisUrl') }, { prefix });
    },
  ],
]);

describe.each([...shared])('a simulation of another process, through %s', (_, share) => {
  test('is listed, shown and controlled as if it were local', async () => {
    await using both = await twoProcesses(share());
    const { registry, simulation } = both;
    await expect.poll(async () => (await registry.listAll()).map(({ topic }) => topic)).toEqual(['run-1']);
    expect(await registry.perform({ action: 'state' }, 'run-1')).toMatchObject({
      status: 'running',
      seed: 3,
    });
    expect(await registry.perform({ action: 'pause' }, 'run-1')).toMatchObject({ status: 'paused' });
    expect(await registry.perform({ action: 'setSpeed', speed: 2 }, 'run-1')).toMatchObject({ speed: 2 });
    expect(await registry.perform({ action: 'inject', text: 'Hello.' }, 'run-1')).toMatchObject({
      stimulus: 'Hello.',
    });
    expect(await registry.perform({ action: 'reset', seed: 9 }, 'run-1')).toEqual(simulation.state);
    expect(simulation.state).toMatchObject({ seed: 9, speed: 2, status: 'paused', stimulus: null });
    expect(await registry.perform({ action: 'start' }, 'run-1')).toMatchObject({ status: 'running' });
  });

  test('answers a step when the turn is over', async () => {
    await using both = await twoProcesses(share());
    const { registry, clock } = both;
    await expect.poll(async () => (await registry.listAll()).length).toBe(1);
    let over = false;
    const step = registry.perform({ action: 'step' }, 'run-1').finally(() => {
      over = true;
    });
    await expect
      .poll(async () => (await registry.perform({ action: 'state' }, 'run-1')).status)
      .toBe('paused');
    expect(over).toBe(false);
    await clock.advance(2000);
    expect(await step).toMatchObject({ tick: 1 });
  });
});

test('a topic where no process runs a simulation is reported as such', async () => {
  await using both = await twoProcesses(shared.get('memory')?.() ?? (() => new MemoryBroker()));
  await expect(both.registry.perform({ action: 'start' }, 'run-2')).rejects.toMatchObject({
    code: 'INVALID_TOPIC',
  });
  // Control: without a broker it knows only of itself.
  await expect(new SimulationRegistry().perform({ action: 'state' }, 'run-1')).rejects.toMatchObject({
    code: 'INVALID_TOPIC',
  });
  expect(await new SimulationRegistry().listAll()).toEqual([]);
});

test('an error in the other process is reported here', async () => {
  await using both = await twoProcesses(shared.get('memory')?.() ?? (() => new MemoryBroker()));
  const { registry, host, simulation } = both;
  await expect.poll(async () => (await registry.listAll()).length).toBe(1);
  await simulation.close();
  host.add(simulation); // it takes itself off when it is closed
  await expect(registry.perform({ action: 'start' }, 'run-1')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('closed'),
  });
});

test('a closed broker is an error, and causes no wait', async () => {
  const broker = new MemoryBroker();
  const registry = new SimulationRegistry({ broker });
  await broker.close();
  await expect(registry.perform({ action: 'start' })).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(registry.listAll()).rejects.toMatchObject({ code: 'CLOSED' });
});

test('one question is put for all who ask for the simulations before it, and another one for those who ask later', async () => {
  const broker = new MemoryBroker();
  const publish = vi.spyOn(broker, 'publish');
  const questions = () => publish.mock.calls.flat(2).filter((each) => isQuestion(each)).length;
  await using both = await twoProcesses(() => broker);
  const { registry, host } = both;
  await expect.poll(async () => (await registry.listAll()).length).toBe(1);

  const before = questions();
  const first = Promise.all(Array.from({ length: 50 }, () => registry.listAll()));
  await expect.poll(questions).toBe(before + 1);
  await host.perform({ action: 'pause' }, 'run-1');
  const later = Promise.all(Array.from({ length: 50 }, () => registry.listAll()));
  for (const list of await first) expect(list).toMatchObject([{ topic: 'run-1' }]);
  for (const list of await later) expect(list).toMatchObject([{ topic: 'run-1', status: 'paused' }]);
  expect(questions()).toBe(before + 2);
});

function isQuestion(argument: unknown): boolean {
  return typeof argument === 'object' && (argument as { type?: unknown }).type === 'simulation.asked';
}
