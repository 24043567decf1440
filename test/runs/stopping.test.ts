import { afterEach, expect, test, vi } from 'vitest';
import { createClient } from '../../client/index.ts';
import { loadConfig, runs, startServer } from '../../server/index.ts';
import { refused } from '../open/world.ts';
import { settled } from '../support/turns.ts';
import { gate, type RunManager, runCatalog, runWorld, topic, untilAborted } from './world.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

test('a stop aborts the signal, with words that say who; so does one from another manager', async () => {
  const { of, make, runsOf } = runWorld();
  const reasons: unknown[] = [];
  const work = vi.fn((run: { signal: AbortSignal }) =>
    untilAborted(run).catch((reason) => {
      reasons.push(reason);
      throw reason;
    }),
  );
  const first = await of.start(work, { id: 'r1', by: 'ada' });
  const second = await of.start(work, { id: 'r2' });
  await of.stop('r1', { by: 'bob', reason: 'too long' });
  expect(await first.ended).toMatchObject({
    state: 'stopped',
    outcome: 'Stopped by bob: too long',
    by: 'ada',
  });
  expect(reasons).toEqual([
    expect.objectContaining({ name: 'AbortError', message: 'Stopped by bob: too long' }),
  ]);
  expect(first.signal?.reason).toBe(reasons[0]);
  expect(await of.status('r2')).toMatchObject({ state: 'running' }); // the control: nobody has stopped it
  await runsOf(make()).stop('r2');
  expect(await second.ended).toMatchObject({ state: 'stopped', outcome: 'Stopped' });
  expect(await of.status('r2')).toMatchObject({ state: 'stopped', outcome: 'Stopped' });
});

test('work that was stopped has its last words, and returns in peace: it is stopped all the same', async () => {
  const { of, manager } = runWorld();
  const run = await of.start(async ({ signal, publish }) => {
    await untilAborted({ signal }).catch(() => publish('note', { text: 'Goodbye.' }));
  });
  await of.stop(run.id, { by: 'bob' });
  expect(await run.ended).toMatchObject({ state: 'stopped' });
  const { items } = await manager.history({ topic, types: ['note'] });
  expect(items).toHaveLength(1);
});

test('work that does not heed its signal is stopped after 5 s, whatever it does later', async () => {
  const { of, clock, manager } = runWorld();
  const { opened, open: goOn } = gate();
  let isOver = false;
  const run = await of.start(async ({ publish }) => {
    await opened;
    await publish('note', { text: 'late' }).catch(() => {});
    isOver = true;
  });
  void run.ended.then(goOn);
  const aborted = new Promise((resolve) => run.signal?.addEventListener('abort', resolve));
  await of.stop(run.id);
  await aborted;
  await clock.advance(4_999);
  expect(await of.status(run.id)).toMatchObject({ state: 'running' });
  await clock.advance(1);
  expect(await run.ended).toMatchObject({ state: 'stopped' });
  await expect.poll(() => isOver).toBe(true);
  expect((await manager.history({ topic, types: ['note'] })).items).toEqual([]);
});

test('a stop that was faster than the start stops the run; control: that of another run does not', async () => {
  const { of } = runWorld();
  await of.stop('r1', { by: 'bob' });
  await of.stop('r3', { by: 'bob' });
  const [first, second] = [
    await of.start(untilAborted, { id: 'r1' }),
    await of.start(untilAborted, { id: 'r2' }),
  ];
  expect(await first.ended).toMatchObject({ state: 'stopped', outcome: 'Stopped by bob' });
  await settled();
  expect(second.signal?.aborted).toBe(false);
});

test('a stop of an earlier run stops no later one of its id; control: one that comes after its opening does', async () => {
  const { of, manager } = runWorld();
  const timestamp = new Date(Date.now() - 7_200_000).toISOString(); // the clock of whoever stops it may be slow
  const stop = (run_id: string) => manager.publish('run_stop', { run_id }, { topic, timestamp });
  await stop('nightly');
  await of.stop('r2');
  const [nightly, other] = [
    await of.start(untilAborted, { id: 'nightly' }),
    await of.start(untilAborted, { id: 'r2' }),
  ];
  expect(await other.ended).toMatchObject({ state: 'stopped' }); // by then both have read their past
  await settled();
  expect(nightly.signal?.aborted).toBe(false);
  await stop('nightly');
  expect(await nightly.ended).toMatchObject({ state: 'stopped' });
});

test('a stop after the end changes nothing', async () => {
  const { of } = runWorld();
  const run = await of.start(() => {});
  const end = await run.ended;
  await of.stop(run.id);
  await settled();
  expect(await of.status(run.id)).toMatchObject({ state: 'done', cursor: end.cursor });
});

test('a client with the claim for run_stop alone stops a run, and one without it is FORBIDDEN', async () => {
  const publish: Record<string, string[]> = { bob: ['run_stop'], eve: ['note'] };
  const authenticate = ({ token: id = '' }) => ({
    id,
    claims: { publish: publish[id], subscribe: ['run'], topics: [topic] },
  });
  const server = await startServer(loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, {}), {
    catalog: runCatalog,
    authenticate,
  });
  const clientOf = (token: string) => {
    const client = createClient({ url: server.url, catalog: runCatalog, token: () => token });
    open.push(client);
    return client;
  };
  const [bob, eve] = [clientOf('bob'), clientOf('eve')];
  open.push(server);
  const of = runs(server.manager as RunManager, { topic });
  const run = await of.start(untilAborted, { id: 'r1', by: 'ada' });

  await expect(eve.publish('run_stop', { run_id: 'r1' }, { topic })).rejects.toEqual(refused('FORBIDDEN'));
  expect(run.signal?.aborted).toBe(false);
  await expect(
    bob.begin('run', { run_id: 'r2', kind: 'work', input: null, outcome: '' }, { topic }),
  ).rejects.toEqual(refused('FORBIDDEN'));
  const { items } = await bob.open({ topic, types: ['run'] });
  expect(items).toMatchObject([{ event: { data: { run_id: 'r1' }, by: 'ada' } }]);
  const told = (async () => {
    for await (const { event } of bob.stream({ topic, types: ['run'] })) {
      if (event.event_type === 'run' && event.open?.state !== 'open') return event;
    }
    return undefined;
  })();
  await bob.publish('run_stop', { run_id: 'r1', reason: 'enough' }, { topic });
  expect(await run.ended).toMatchObject({ state: 'stopped', outcome: 'Stopped by bob: enough', by: 'ada' });
  expect(await told).toMatchObject({
    data: { outcome: 'Stopped by bob: enough' },
    open: { state: 'aborted', reason: 'stopped' },
  });
});
