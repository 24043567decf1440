import { expect, test, vi } from 'vitest';
import { runNodes } from './nodes.ts';
import { followed, gate, untilAborted } from './world.ts';

test('a run that is started on two nodes at once runs on one, and both are told its end', async () => {
  await using nodes = runNodes();
  const [one, two] = [nodes.node(), nodes.node()];
  const { opened, open } = gate();
  const work = vi.fn(() => opened);
  for (let n = 0; n < 5; n++) {
    const id = `r${n}`;
    const started = await Promise.all([one.of.start(work, { id }), two.of.start(work, { id })]);
    expect(started.map((run) => run.started).toSorted()).toEqual([false, true]);
    expect(started[0].cursor).toBe(started[1].cursor);
    expect(work).toHaveBeenCalledTimes(n + 1);
    const ends = Promise.all(started.map(({ ended }) => ended));
    if (n === 0) expect(await two.of.list()).toMatchObject([{ id, state: 'running' }]);
    open();
    const [here, there] = await ends;
    expect(here).toMatchObject({ state: 'done' });
    expect(there).toEqual(here);
  }
});

test('a stop reaches the run on another node, whose viewers see its end; control: another run goes on', async () => {
  await using nodes = runNodes();
  const [one, two] = [nodes.node(), nodes.node()];
  const run = await one.of.start(untilAborted, { id: 'r1', by: 'ada' });
  const other = await one.of.start(untilAborted, { id: 'r2', by: 'ada' });
  const viewer = followed(two.of.follow('r1'));
  await two.of.stop('r1', { by: 'bob', reason: 'enough' });
  const end = await run.ended;
  expect(end).toMatchObject({ state: 'stopped', outcome: 'Stopped by bob: enough' });
  expect((await viewer).words.at(-1)).toBe('run aborted');
  expect(await two.of.status('r1')).toMatchObject({
    state: 'stopped',
    outcome: end.outcome,
    cursor: end.cursor,
  });
  expect(other.signal?.aborted).toBe(false);
});

test('a node that is closed ends its runs at once, as lost, for viewers of another node', async () => {
  await using nodes = runNodes({ leaseMs: 3_600_000 });
  const [one, two] = [nodes.node(), nodes.node()];
  const run = await one.of.start(untilAborted, { id: 'r1' });
  const viewer = followed(two.of.follow('r1'));
  await one.manager.close();
  expect((await viewer).words.at(-1)).toBe('run aborted');
  expect(await run.ended).toMatchObject({ state: 'lost' });
  expect(await two.of.status('r1')).toMatchObject({ state: 'lost' });
});
