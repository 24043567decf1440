import { describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { ResponderError } from '../../simulation/agent/responder.ts';
import { simulationEvents } from '../../simulation/catalog.ts';
import { SimulationRegistry } from '../../simulation/control/simulation-registry.ts';
import { runSimulation } from '../../simulation/run-simulation.ts';
import { settled } from '../support/turns.ts';
import { FakeClock } from './fake-clock.ts';
import { eventLog, memoryLogger, only, stage } from './stage.ts';

describe('a run goes on', () => {
  test('when the model cannot be reached: each turn says so, turns slow down, and it recovers', async () => {
    let up = false;
    await using run = stage({
      responder: () => ({
        async *respond() {
          if (!up)
            throw new ResponderError('unreachable', 'The model at http://127.0.0.1:9 cannot be reached.');
          yield `I am back for the ${Math.random()} time.`;
        },
      }),
    });
    run.simulation.start();
    await run.clock.advance(120_000);
    const failures = only(await run.events(), 'agent_processing').filter(
      ({ open }) => open?.state === 'aborted',
    );
    expect(failures.length).toBeGreaterThan(5);
    expect(failures.length).toBeLessThan(15);
    expect(failures[0]?.open?.reason).toMatch(/^unreachable: /);
    expect(run.simulation.errorCount).toBe(failures.length);
    expect(run.simulation.activeAgents).toBe(0);
    up = true;
    await run.clock.advance(120_000);
    expect(run.simulation.activeAgents).toBe(5);
    expect(run.simulation.errorCount).toBe(failures.length);
    expect(only(await run.events(), 'agent_message').length).toBeGreaterThan(10);
  });

  test('when an agent fails to answer a stimulus: it answers when it can', async () => {
    let up = false;
    const answers: string[] = [];
    await using run = stage({
      responder: () => ({
        async *respond({ from, stimulus }) {
          if (!up) throw new ResponderError('timeout', 'The model said nothing.');
          if (stimulus) answers.push(from);
          yield `${from} speaks`;
        },
      }),
    });
    run.simulation.inject('Wake up.');
    run.simulation.start();
    await run.clock.advance(20_000);
    expect(answers).toEqual([]);
    up = true;
    await run.clock.advance(120_000);
    expect(answers.toSorted()).toEqual(['anima_animus', 'ego', 'persona', 'self', 'shadow']);
  });

  test('when events cannot be published: it counts and logs that, and takes its turns', async () => {
    const manager = new EventManager({ broker: new MemoryBroker(), catalog: simulationEvents });
    const { logger, lines } = memoryLogger();
    const clock = new FakeClock();
    const simulation = runSimulation({ manager, clock, logger });
    await clock.advance(10_000);
    expect(simulation.errorCount).toBe(0);
    const { tick } = simulation.state;
    await manager.close();
    await clock.advance(60_000);
    expect(simulation.state.tick).toBeGreaterThan(tick + 15);
    expect(simulation.errorCount).toBeGreaterThan(50);
    expect(lines).toHaveLength(simulation.errorCount);
    expect(lines[0]).toMatchObject({ level: 'warn', fields: { error: expect.stringContaining('closed') } });
    await simulation.close();
  });

  test('when a responder breaks the rules: throws at once, throws nothing, or yields nonsense', async () => {
    const misdeeds = [
      () => {
        throw new Error('at once');
      },
      async function* () {
        yield '';
        throw undefined;
      },
      async function* () {},
    ];
    let calls = 0;
    await using run = stage({
      responder: () => ({
        respond: () =>
          (
            misdeeds[calls++] ??
            async function* () {
              yield `Word ${calls}.`;
            }
          )(),
      }),
    });
    run.simulation.start();
    await run.clock.advance(60_000);
    expect(run.simulation.errorCount).toBe(3);
    expect(only(await run.events(), 'agent_message').length).toBeGreaterThan(5);
  });
});

describe('runSimulation', () => {
  test('runs several side by side, each on its topic and in the registry while it runs', async () => {
    const clock = new FakeClock();
    await using log = eventLog(clock.forOthers);
    const registry = new SimulationRegistry();
    const stop = new AbortController();
    const options = { manager: log.manager, clock, registry, signal: stop.signal };
    const one = runSimulation({ ...options, seed: 1 });
    const two = runSimulation({ ...options, seed: 2, topic: 'run-2' });
    expect(() => runSimulation({ ...options, topic: 'run-2' })).toThrow('run-2');
    await clock.advance(5000);
    two.pause();
    await clock.advance(5000);
    expect(registry.list().map(({ topic, status, seed }) => [topic, status, seed])).toEqual([
      ['default', 'running', 1],
      ['run-2', 'paused', 2],
    ]);
    expect(only(await log.events('run-2'), 'agent_message')).toHaveLength(two.state.tick);
    expect(only(await log.events(), 'agent_message')).toHaveLength(one.state.tick);
    stop.abort();
    await Promise.all([one.closed, two.closed]);
    await settled();
    expect(registry.list()).toEqual([]);
    expect(() => registry.get()).toThrow('No simulation runs on topic default');
    expect(clock.timers).toBe(0);
  });

  test('ends at once with an aborted signal', async () => {
    await using log = eventLog();
    const simulation = runSimulation({ manager: log.manager, signal: AbortSignal.abort() });
    await simulation.closed;
    expect(simulation.state.tick).toBeLessThanOrEqual(1);
  });

  test('lets all five agents speak on the machine’s clock', async () => {
    await using log = eventLog();
    const simulation = runSimulation({ manager: log.manager, speed: 10 });
    await expect
      .poll(
        async () => new Set(only(await log.events(), 'agent_message').map(({ data }) => data.agent_id)).size,
        {
          timeout: 10_000,
        },
      )
      .toBe(5);
    await simulation.close();
    const { tick } = simulation.state;
    expect(only(await log.events(), 'agent_message').length).toBeLessThanOrEqual(tick);
  });
});
