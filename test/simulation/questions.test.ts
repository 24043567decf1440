import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../../server/index.ts';
import { Simulation } from '../../simulation/simulation.ts';
import { settled } from '../support/turns.ts';
import { managerOf, only, type SimulationEvent, stage } from './stage.ts';

const questionsOf = (events: readonly SimulationEvent[]) => only(events, 'agent_question');
const messagesOf = (events: readonly SimulationEvent[]) =>
  only(events, 'agent_message').map(({ data }) => data.message);

/** Lets a simulation run until a question is open; returns that. */
async function untilAsked(run: ReturnType<typeof stage>) {
  for (let seconds = 0; seconds < 60; seconds++) {
    await run.clock.advance(1000);
    const question = questionsOf(await run.events()).find(({ open }) => open?.state === 'open');
    if (question) return { ...question, id: question.open?.id ?? '' };
  }
  throw new Error('Nobody has asked anything for a minute.');
}

describe('a question to whoever watches', () => {
  test('is put by the agent that has spoken, now and then, and one at a time', async () => {
    await using run = stage();
    run.simulation.start();
    const { data } = await untilAsked(run);
    const before = only(await run.events(), 'agent_message').at(-1);
    expect(data).toMatchObject({ agent_id: before?.data.agent_id, question: expect.stringMatching(/\?$/) });
    expect(data.choices.length).toBeGreaterThanOrEqual(2);
    await run.clock.advance(240_000);
    const { items } = await run.manager.openEvents({ types: ['agent_question'] });
    expect(items.length).toBeLessThanOrEqual(1);
    const asked = questionsOf(await run.events());
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.length).toBeLessThan(10);
    expect(run.simulation.errorCount).toBe(0);
  });

  test('goes on waiting while the conversation does, and is withdrawn when nobody answers it', async () => {
    await using run = stage({ seed: 5 });
    run.simulation.start();
    const { id } = await untilAsked(run);
    const { tick } = run.simulation.state;
    await run.clock.advance(60_000);
    expect(run.simulation.state.tick).toBeGreaterThan(tick + 15);
    const question = questionsOf(await run.events()).find(({ open }) => open?.id === id);
    expect(question?.open?.state).toBe('withdrawn');
    expect(run.simulation.state.stimulus).toBeNull();
  });

  test('steers the conversation by its first answer; a second one comes too late', async () => {
    await using run = stage();
    await using alone = stage();
    run.simulation.start();
    alone.simulation.start();
    const { id, data } = await untilAsked(run);
    const [first = '', second = ''] = data.choices;
    await run.manager.answer('agent_question', id, { choice: second }, { by: 'ada' });
    await expect(run.manager.answer('agent_question', id, { choice: first })).rejects.toMatchObject({
      code: 'ALREADY_SETTLED',
      settled: { state: 'answered', by: 'ada', answer: { choice: second } },
    });
    await expect.poll(() => run.simulation.state.stimulus).toBe(second);
    await run.clock.advance(30_000);
    await alone.clock.advance(run.clock.now());
    const said = messagesOf(await run.events());
    expect(said.filter((message) => message.includes(`"${second}"`))).toHaveLength(5);
    expect(said).not.toEqual(messagesOf(await alone.events()));
    const answered = questionsOf(await run.events()).find(({ open }) => open?.id === id);
    expect(answered).toMatchObject({ open: { state: 'answered' }, answer: { choice: second }, by: 'ada' });
  });

  test('is not steered by words that it did not offer', async () => {
    await using run = stage();
    run.simulation.start();
    const { id } = await untilAsked(run);
    await run.manager.answer('agent_question', id, { choice: 'Say that you are all wrong' });
    await settled();
    expect(run.simulation.state.stimulus).toBeNull();
  });

  test('changes nothing where nobody answers: one seed is one conversation, and has the same questions', async () => {
    const runs = [];
    for (let count = 0; count < 2; count++) {
      await using run = stage({ seed: 11 });
      run.simulation.start();
      await run.clock.advance(90_000);
      const events = await run.events();
      runs.push([messagesOf(events), questionsOf(events).map(({ data }) => data)]);
    }
    expect(runs[1]).toEqual(runs[0]);
  });

  test('waits while the simulation is paused, and is heard when it goes on', async () => {
    await using run = stage();
    run.simulation.start();
    const { id, data } = await untilAsked(run);
    run.simulation.pause();
    await run.clock.advance(60_000);
    const [choice = ''] = data.choices;
    await run.manager.answer('agent_question', id, { choice });
    await settled();
    expect(run.simulation.state).toMatchObject({ status: 'paused', stimulus: choice });
    const before = messagesOf(await run.events()).length;
    run.simulation.start();
    await run.clock.advance(10_000);
    const said = messagesOf(await run.events()).slice(before);
    expect(said.some((message) => message.includes(choice))).toBe(true);
  });
});

describe('an event that is open when its simulation ends', () => {
  test.each(['reset', 'close'] as const)(
    'is settled by %s: the answer is aborted, the question withdrawn',
    async (how) => {
      await using run = stage();
      run.simulation.start();
      await untilAsked(run);
      let open = await run.manager.openEvents();
      while (!open.items.some(({ event }) => event.event_type === 'agent_processing')) {
        await run.clock.advance(100);
        open = await run.manager.openEvents();
      }
      const ending = run.simulation[how]();
      await run.clock.advance(1000);
      await ending;
      const states = new Map((await run.events()).map((event) => [event.open?.id, event.open?.state]));
      expect(
        open.items.map(({ event }) => [event.event_type, states.get(event.open?.id)]).toSorted(),
      ).toEqual([
        ['agent_processing', 'aborted'],
        ['agent_question', 'withdrawn'],
      ]);
      expect(run.simulation.errorCount).toBe(0);
      if (how === 'close') expect((await run.manager.openEvents()).items).toEqual([]);
    },
  );

  test('lapses when its process dies: another one settles it, and a control shows it open until then', async () => {
    let now = 0;
    const broker = new MemoryBroker({ now: () => now });
    // The process that dies: nothing of it is called any more.
    const run = stage();
    const dead = managerOf(broker, run.clock.forOthers);
    const simulation = new Simulation({ manager: dead, clock: run.clock });
    simulation.start();
    await run.clock.advance(3500);
    const openNow = async () =>
      (await survivor.manager.openEvents()).items.map(({ event }) => event.open?.kind);
    const survivor = { clock: stage().clock, manager: managerOf(broker) };
    expect(await openNow()).toEqual(['growing']);
    now += 14_000;
    await survivor.manager.opens.settleLapsed(100);
    expect(await openNow()).toEqual(['growing']);
    now += 2000;
    await survivor.manager.opens.settleLapsed(100);
    expect(await openNow()).toEqual([]);
    await survivor.manager.close();
  });
});
