import { describe, expect, test } from 'vitest';
import { only, stage } from './stage.ts';

describe('controls', () => {
  test('nothing happens before start', async () => {
    await using run = stage();
    await run.clock.advance(60_000);
    expect(await run.events()).toEqual([]);
    expect(run.simulation.state).toEqual({
      status: 'paused',
      seed: 1,
      speed: 1,
      tick: 0,
      mode: 'normal',
      stagnation: 0,
      stimulus: null,
    });
  });

  test('paused, it stops in the middle of a sentence, and goes on from there', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500); // the sixth turn has begun
    run.simulation.pause();
    const before = await run.events();
    expect(before.at(-2)?.data).toMatchObject({ status: 'update' });
    await run.clock.advance(600_000);
    expect(await run.events()).toEqual(before);
    run.simulation.start();
    await run.clock.advance(1500);
    const messages = only(await run.events(), 'agent_message');
    expect(messages).toHaveLength(6);

    await using whole = stage();
    whole.simulation.start();
    await whole.clock.advance(5000);
    const uninterrupted = only(await whole.events(), 'agent_message');
    expect(messages.map(({ data }) => data.message)).toEqual(uninterrupted.map(({ data }) => data.message));
  });

  test('step takes one turn and is paused again; two steps are two turns', async () => {
    await using run = stage();
    const step = run.simulation.step();
    await run.clock.advance(500);
    expect(await step).toMatchObject({ status: 'paused', tick: 1 });
    await run.clock.advance(60_000);
    expect(run.simulation.state.tick).toBe(1);
    const steps = [run.simulation.step(), run.simulation.step()];
    await run.clock.advance(5000);
    expect((await Promise.all(steps)).map(({ tick }) => tick)).toEqual([2, 3]);
    expect(only(await run.events(), 'agent_message')).toHaveLength(3);
  });

  test('step ends the turn that it was paused in', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500);
    run.simulation.pause();
    const step = run.simulation.step();
    await run.clock.advance(1500);
    expect(await step).toMatchObject({ tick: 6 });
    expect(only(await run.events(), 'agent_message')).toHaveLength(6);
  });

  test('step of a running simulation pauses it after the turn', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(200);
    const step = run.simulation.step();
    await run.clock.advance(60_000);
    expect(await step).toMatchObject({ status: 'paused', tick: 1 });
    expect(run.simulation.state.tick).toBe(1);
  });

  test('speed holds at once, for the wait that is under way too', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(10_000);
    const { tick } = run.simulation.state;
    run.simulation.setSpeed(10);
    await run.clock.advance(10_000);
    expect(run.simulation.state.tick - tick).toBeGreaterThan(30);
    run.simulation.setSpeed(0.25);
    const slow = run.simulation.state.tick;
    await run.clock.advance(10_000);
    expect(run.simulation.state.tick - slow).toBeLessThanOrEqual(2);
  });

  test('reset begins the same run again, or another', async () => {
    await using run = stage({ seed: 3 });
    run.simulation.start();
    await run.clock.advance(30_000);
    const first = only(await run.events(), 'agent_message').map(({ data }) => data);
    await run.simulation.reset();
    expect(run.simulation.state).toMatchObject({ status: 'running', seed: 3, tick: 0, stagnation: 0 });
    await run.clock.advance(30_000);
    const all = only(await run.events(), 'agent_message').map(({ data }) => data);
    expect(all.slice(first.length, 2 * first.length)).toEqual(first);
    await run.simulation.reset({ seed: 4 });
    await run.clock.advance(3000);
    const other = only(await run.events(), 'agent_message').slice(all.length);
    expect(other.map(({ data }) => data.message)).not.toEqual(
      first.slice(0, other.length).map(({ message }) => message),
    );
  });

  test('reset in the middle of a turn tells viewers that its words will not come, then shows the empty network', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500);
    await run.simulation.reset();
    const [state, network, cancelled] = (await run.events()).reverse();
    expect(state).toMatchObject({ event_type: 'simulation_state', data: { tick: 0 } });
    expect(network?.data).toMatchObject({
      event_type: 'network_ready',
      communication_stats: { ego: { sent: 0 } },
    });
    expect(cancelled?.data).toMatchObject({ status: 'error', reason: 'cancelled' });
    expect(run.simulation.errorCount).toBe(0);
  });

  test('reset while paused stays paused', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500);
    run.simulation.pause();
    await run.simulation.reset({ seed: 9 });
    await run.clock.advance(60_000);
    expect(run.simulation.state).toMatchObject({ status: 'paused', seed: 9, tick: 0 });
  });

  test('what is injected is answered by each agent once, the first at once', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3000);
    while ((await run.events()).at(-1)?.event_type !== 'simulation_state') await run.clock.advance(50);
    const answered = only(await run.events(), 'agent_message').length;
    run.simulation.inject('  Who is <b>speaking</b> {to} $& now?  ');
    expect(run.simulation.state.stimulus).toBe('Who is <b>speaking</b> {to} $& now?');
    await run.clock.advance(60_000);
    const messages = only(await run.events(), 'agent_message').map(({ data }) => data);
    const answers = messages.filter(({ message }) => message.includes('Who is <b>speaking</b> {to} $& now?'));
    expect(answers.map(({ agent_id }) => agent_id).toSorted()).toEqual([
      'anima_animus',
      'ego',
      'persona',
      'self',
      'shadow',
    ]);
    expect(messages[answered]).toBe(answers[0]);
  });

  test('a long text is quoted by its beginning, and does not make the conversation stagnate', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3000);
    run.simulation.inject(
      'There was once a house that nobody had built and everybody remembered. '.repeat(7),
    );
    await run.clock.advance(25_000);
    const events = await run.events();
    const answers = only(events, 'agent_message').filter(({ data }) =>
      data.message.includes('once a house that'),
    );
    expect(answers).toHaveLength(5);
    for (const { data } of answers) expect(data.message.length).toBeLessThan(250);
    const stagnation = only(events, 'simulation_state').map(({ data }) => data.stagnation);
    expect(Math.max(...stagnation)).toBeLessThan(0.48);
  });

  test('what makes no sense is refused, and changes nothing', async () => {
    await using run = stage();
    const { simulation } = run;
    expect(() => simulation.setSpeed(0)).toThrow(TypeError);
    expect(() => simulation.setSpeed(11)).toThrow(TypeError);
    expect(() => simulation.inject('   ')).toThrow(TypeError);
    expect(() => simulation.inject('x'.repeat(501))).toThrow(TypeError);
    await expect(simulation.reset({ seed: 1.5 })).rejects.toThrow(TypeError);
    expect(() => stage({ seed: -1 })).toThrow(TypeError);
    expect(simulation.state).toMatchObject({ speed: 1, seed: 1, stimulus: null });
  });

  test('every change of the state is an event, so that late viewers and replay agree', async () => {
    await using run = stage({ seed: 8 });
    const { simulation, clock } = run;
    simulation.start();
    simulation.start();
    await clock.advance(4000);
    simulation.setSpeed(2);
    simulation.inject('Hello.');
    simulation.pause();
    const last = only(await run.events(), 'simulation_state').at(-1);
    expect(last?.data).toEqual(simulation.state);
    const states = only(await run.events(), 'simulation_state').map(({ data }) => data);
    expect(states.filter(({ tick }) => tick === 0)).toHaveLength(1);
    expect(states.slice(-3)).toMatchObject([
      { speed: 2, status: 'running', stimulus: null },
      { stimulus: 'Hello.' },
      { status: 'paused' },
    ]);
  });

  test('closed, it leaves no timer, says that it is paused, and can not be started', async () => {
    const run = stage();
    run.simulation.start();
    await run.clock.advance(3500);
    await run.simulation.close();
    await run.simulation.close();
    expect(run.clock.timers).toBe(0);
    expect(only(await run.events(), 'simulation_state').at(-1)?.data.status).toBe('paused');
    expect(() => run.simulation.start()).toThrow('closed');
    await expect(run.simulation.step()).rejects.toThrow('closed');
    await run.manager.close();
  });
});
