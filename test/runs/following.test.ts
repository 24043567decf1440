import { expect, test } from 'vitest';
import { EventManager, MemoryBroker, runs } from '../../server/index.ts';
import { overriding } from '../faults/open/overriding.ts';
import { refused } from '../open/world.ts';
import { settled } from '../support/turns.ts';
import { followed, gate, runCatalog, runWorld, topic, untilAborted, wordsOf } from './world.ts';

/** A run that writes while others look on. */
async function writing() {
  const world = runWorld();
  const { of, manager } = world;
  await manager.publish('note', { text: 'before' }, { topic });
  const steps = [gate(), gate()];
  const run = await of.start(async ({ publish, begin }) => {
    await publish('note', { text: '1' });
    const reply = await begin('reply', { agent_id: 'shadow', text: '' });
    await reply.append('I was here');
    await steps[0]?.opened;
    await reply.append(' before you.');
    await reply.done();
    await steps[1]?.opened;
    await publish('note', { text: '2' });
  });
  const next = async () => {
    steps.shift()?.open();
    await settled();
    await world.clock.advance(100); // pieces are joined for 50 ms
  };
  await settled();
  return { ...world, run, next };
}

const WHOLE = ['run open', 'note 1', 'reply open', 'reply done I was here before you.', 'note 2', 'run done'];
test('a run is followed from its opening to its end, by a viewer who was there and by one who comes late', async () => {
  const { of, run, next, manager } = await writing();
  const early = followed(of.follow(run.id));
  await next();
  const late = followed(of.follow(run.id));
  await settled();
  await next();
  await run.ended;
  await manager.publish('note', { text: 'after' }, { topic });
  const [first, second] = await Promise.all([early, late]);
  const ended = await followed(of.follow(run.id));
  for (const { words } of [first, second, ended]) {
    expect(words[0]).toBe('run open');
    expect(words.at(-1)).toBe('run done');
    expect(words).not.toContain('note before');
    expect(words).not.toContain('note after');
    expect(words.filter((word) => word.startsWith('note'))).toEqual(['note 1', 'note 2']);
    expect(words).toContain('reply done I was here before you.');
  }
  expect(first.words).toContain('+ before you.');
  expect(ended.words).toEqual(WHOLE);
});

test('a run is followed from a cursor on; from its end on there is nothing', async () => {
  const { of, run, next } = await writing();
  await next();
  await next();
  const { cursor } = await run.ended;
  const { words, cursors } = await followed(of.follow(run.id));
  expect(words).toHaveLength(WHOLE.length);
  for (const [index, since] of cursors.entries())
    expect((await followed(of.follow(run.id, { since }))).words).toEqual(words.slice(index + 1));
  expect((await followed(of.follow(run.id, { since: cursor }))).words).toEqual([]);
});

test('a viewer who lets go ends, and the run goes on', async () => {
  const { of } = runWorld();
  const run = await of.start(untilAborted);
  const viewer = new AbortController();
  const seen: string[] = [];
  for await (const item of of.follow(run.id, { signal: viewer.signal })) {
    seen.push(wordsOf(item));
    viewer.abort();
  }
  expect(seen).toEqual(['run open']);
  expect(await of.status(run.id)).toMatchObject({ state: 'running' });
});

test('a run that nobody knows is NOT_OPEN', async () => {
  const { of } = runWorld();
  await expect(followed(of.follow('r1'))).rejects.toEqual(refused('NOT_OPEN'));
});

/** A log that keeps ten records. */
function trimmed() {
  const manager = new EventManager({
    broker: new MemoryBroker({ maxRecords: 10 }),
    catalog: runCatalog,
  });
  return { manager, of: runs(manager, { topic }) };
}

test('records that the log does not have any more are a gap in their place', async () => {
  const { manager, of } = trimmed();
  const { opened, open } = gate();
  const run = await of.start(
    async ({ publish }) => {
      for (let n = 0; n < 30; n++) await publish('note', { text: `${n}` });
      await opened;
    },
    { id: 'r1' },
  );
  await expect
    .poll(async () => (await manager.history({ topic, types: ['note'] })).items.at(-1)?.event.data.text)
    .toBe('29');
  const running = followed(of.follow('r1'));
  expect(await of.status('r1')).toMatchObject({ state: 'running', opened: run.cursor });
  await settled();
  open();
  await run.ended;
  const { words } = await running;
  expect(words[0]).toBe('gap trimmed');
  expect(words.at(-1)).toBe('run done');
  const ended = await followed(of.follow('r1'));
  expect(ended.words[0]).toBe('gap trimmed');
  expect(ended.words.slice(-2)).toEqual(['note 29', 'run done']);
  expect(await of.status('r1')).toMatchObject({ state: 'done', opened: undefined });
  await manager.close();
});

test('the gap is the last item where the end of a run is trimmed while it is looked for', async () => {
  const { manager, of } = trimmed();
  const trim = async () => {
    for (let n = 0; n < 30; n++) await manager.publish('note', { text: `${n}` }, { topic });
  };
  const run = await of.start(() => {}, { id: 'r1' });
  await run.ended;
  /** A manager whose subscriptions begin when the log has gone on. */
  const late = overriding(manager, {
    subscribe(options) {
      const subscription = manager.subscribe(options);
      async function* afterTrim() {
        await trim();
        yield* subscription;
      }
      return Object.assign(afterTrim(), subscription) as never;
    },
  });
  expect((await followed(runs(late, { topic }).follow('r1'))).words).toEqual(['gap trimmed']);
  await expect(followed(of.follow('r1'))).rejects.toEqual(refused('NOT_OPEN')); // nothing tells of it any more
  expect(await of.status('r1')).toBeUndefined();
  await manager.close();
});
