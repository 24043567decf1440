import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, growing, question } from '../../shared/index.ts';
import { logged, openSet, openWorld, refused, shadow } from './world.ts';

test('[O1] the settlement holds question, answer and who answered; a second answer is refused', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const { id } = await opens.begin('approval', { tool: 'rm' }, { by: 'ada' });
  const { cursor } = await opens.answer('approval', { id, answer: { allow: false }, by: 'boss' });
  expect((await logged(world))[1]).toEqual({
    ...{ event_type: 'approval', timestamp: expect.any(String), data: { tool: 'rm' } },
    ...{ by: 'boss', answer: { allow: false }, open: { id, kind: 'question', state: 'answered' } },
  });
  await expect(opens.answer('approval', { id, answer: { allow: true }, by: 'eve' })).rejects.toEqual(
    refused('ALREADY_SETTLED', {
      settled: expect.objectContaining({ state: 'answered', by: 'boss', cursor }),
    }),
  );
  expect(await logged(world)).toHaveLength(2);
});

test('[O1] an answer that is given again by the same subject is that answer; another, or another’s, is refused', async () => {
  const answers = z.object({
    at: z.date(),
    note: z.string().optional(),
    parts: z.map(z.string(), z.number()),
  });
  const catalog = defineEvents({
    when: question({ asks: z.object({}), answers }),
    approval: question({ asks: z.object({}), answers: z.object({ allow: z.boolean(), why: z.string() }) }),
  });
  const world = openWorld({ catalog });
  const [one, other] = [world.manager.opens, world.make().opens];
  const given = { at: new Date('2026-01-01'), note: undefined, parts: new Map([['a', 1]]) };
  for (const [type, answer, another] of [
    ['when', given, { ...given, at: new Date('2026-01-02') }],
    ['approval', { allow: true, why: 'so' }, { allow: false, why: 'so' }],
  ] as const) {
    for (const by of ['boss', undefined]) {
      const { id } = await one.begin(type, {});
      const answered = await one.answer(type, { id, answer, by });
      expect(await other.answer(type, { id, answer, by })).toMatchObject({ cursor: answered.cursor });
      for (const late of [
        { id, answer: another, by },
        { id, answer, by: 'eve' },
      ])
        await expect(other.answer(type, late)).rejects.toEqual(refused('ALREADY_SETTLED'));
    }
    const withdrawn = { ...(await one.begin(type, {})), by: undefined };
    await one.settle({ ...withdrawn, state: 'withdrawn' });
    await expect(other.answer(type, { ...withdrawn, answer })).rejects.toEqual(refused('ALREADY_SETTLED'));
  }
  expect(await logged(world)).toHaveLength(12);
  expect(world.manager.stats().published).toMatchObject({ when: 6, approval: 6 });
});

test('an answer that is not valid, or to something else, is refused', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const { id } = await opens.begin('approval', { tool: 'rm' });
  const answer = { allow: true };
  const by = undefined;
  await expect(opens.answer('approval', { id, answer: { allow: 1 }, by })).rejects.toEqual(
    refused('INVALID_EVENT'),
  );
  await expect(opens.answer('reply', { id, answer, by })).rejects.toEqual(refused('UNKNOWN_EVENT'));
  const { id: reply } = await opens.begin('reply', shadow);
  await expect(opens.answer('approval', { id: reply, answer, by })).rejects.toEqual(refused('NOT_OPEN'));
  expect(await openSet(world)).toHaveLength(2);
});

test('an answerer is told of the topic that was asked, and of an id that is of another event', async () => {
  const asks = z.object({});
  const catalog = defineEvents({
    reply: growing(z.object({ text: z.string() }), 'text'),
    approval: question({ asks, answers: asks }),
    choice: question({ asks, answers: asks }),
  });
  const { opens } = openWorld({ catalog }).manager;
  const refusal = async (id: string, topic?: string) => {
    const error: unknown = await opens
      .answer('approval', { topic, id, answer: {}, by: undefined })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NOT_OPEN' });
    return String(error);
  };
  const { id: reply } = await opens.begin('reply', { text: '' });
  expect(await refusal(reply)).toContain(
    `The id "${reply}" is of reply, and not of approval: a growing event takes no answer.`,
  );
  const { id: choice } = await opens.begin('choice', {});
  expect(await refusal(choice)).toContain('is of choice, and not of approval: answer it as choice.');
  const { id } = await opens.begin('approval', {});
  const elsewhere = await refusal(id, 'run-42');
  expect(elsewhere).toContain(`No open event of the topic "run-42" has the id "${id}".`);
  expect(elsewhere).toContain('If the topic and the id are right');
  expect(await refusal('aproval.1')).toContain(
    'No open event of the topic "default" has the id "aproval.1".',
  );
});

test('an answer that is more than JSON arrives as it was given', async () => {
  const answers = z.object({ at: z.date() });
  const catalog = defineEvents({ when: question({ asks: z.object({}), answers }) });
  const world = openWorld({ catalog });
  const { opens } = world.manager;
  const { id } = await opens.begin('when', {}, { key: 'k' });
  const answer = { at: new Date('2026-01-01') };
  await opens.answer('when', { id, answer, by: undefined });
  expect((await opens.begin('when', {}, { key: 'k' })).settled?.answer).toEqual(answer);
  expect((await world.make().history()).items.at(-1)?.event.answer).toEqual(answer);
});

test('its asker withdraws it', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('approval', { tool: 'rm' }, { by: 'ada' })), by: 'ada' };
  await opens.settle({ ...owner, state: 'withdrawn' });
  expect((await logged(world))[1]).toMatchObject({ by: 'ada', open: { state: 'withdrawn' } });
  expect((await logged(world))[1]).not.toHaveProperty('answer');
});
