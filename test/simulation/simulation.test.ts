import { describe, expect, test } from 'vitest';
import { only, stage } from './stage.ts';

describe('the controls of a simulation', () => {
  test('let nothing happen before start', async () => {
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

  test('pause it in the middle of a sentence, and let it go on from there', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500); // the sixth turn has begun
    run.simulation.pause();
    const before = await run.events();
    expect(before.at(-2)).toMatchObject({
      open: { state: 'open' },
      data: { text: expect.stringMatching(/\w/) },
    });
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

  test('step by one turn and pause again; two steps are two turns', async () => {
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

  test('step to the end of the turn in which it was paused', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500);
    run.simulation.pause();
    const step = run.simulation.step();
    await run.clock.advance(1500);
    expect(await step).toMatchObject({ tick: 6 });
    expect(only(await run.events(), 'agent_message')).toHaveLength(6);
  });

  test('step a running simulation to the end of its turn, and pause it', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(200);
    const step = run.simulation.step();
    await run.clock.advance(60_000);
    expect(await step).toMatchObject({ status: 'paused', tick: 1 });
    expect(run.simulation.state.tick).toBe(1);
  });

  test('set a speed that applies at once, even to the wait under way', async () => {
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

  test('reset it to the same run or another', async () => {
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

  test('reset it in the middle of a turn: viewers learn that the words will not come, then see an empty network', async () => {
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
    expect(cancelled?.open).toMatchObject({
      state: 'aborted',
      reason: expect.stringMatching(/^cancelled: /),
    });
    expect(run.simulation.errorCount).toBe(0);
  });

  test('reset a paused simulation, which stays paused', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3500);
    run.simulation.pause();
    await run.simulation.reset({ seed: 9 });
    await run.clock.advance(60_000);
    expect(run.simulation.state).toMatchObject({ status: 'paused', seed: 9, tick: 0 });
  });

  test('inject a stimulus that each agent answers once, the first at once', async () => {
    await using run = stage();
    run.simulation.start();
    await run.clock.advance(3000);
    const isBetweenTurns = async () => {
      const last = (await run.events()).at(-1);
      return last?.event_type === 'simulation_state' || last?.open?.state === 'done';
    };
    while (!(await isBetweenTurns())) await run.clock.advance(50);
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

  test('quote a long stimulus by its beginning, without making the conversation stagnate', async () => {
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

  test('refuse invalid values, and change nothing', async () => {
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

  test('publish every change of the state as an event, for late viewers and replays', async () => {
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

  test('close it: no timer is left, its state is paused, and it cannot be started', async () => {
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
