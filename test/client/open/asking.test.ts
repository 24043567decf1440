import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { EventManager, MemoryBroker, SqliteBroker } from '../../../server/index.ts';
import { openCatalog as catalog } from '../../open/world.ts';
import { freePort } from '../../setup/redis-server.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';
import { arrivals } from './arrivals.ts';

retrySoon();

const DEPLOY = { tool: 'deploy' };

test('[O1] a question is answered once: its asker gets the answer, and whoever is second is told how it was settled', async () => {
  await using server = await startTestServer({ catalog });
  const options = { url: server.wsUrl, catalog };
  await using asker = connect(options);
  await using answerer = connect(options);
  const topic = 'run-42';
  const questions = arrivals(answerer, 'approval', { topic });
  await questions.ready;
  const asked = asker.ask('approval', DEPLOY, { topic });
  await eventually(() =>
    expect(questions.objects).toMatchObject([{ data: DEPLOY, open: { state: 'open' } }]),
  );
  const id = questions.objects[0]?.open?.id ?? '';
  const { cursor } = await answerer.answer('approval', id, { allow: true }, { topic });
  expect(await asked).toEqual({ answer: { allow: true }, by: undefined, state: 'answered' });
  await eventually(() =>
    expect(questions.objects[1]).toMatchObject({
      data: DEPLOY,
      answer: { allow: true },
      open: { id, state: 'answered' },
    }),
  );
  const settled = { id, state: 'answered', cursor };
  await expect(answerer.answer('approval', id, { allow: false }, { topic })).rejects.toMatchObject({
    code: 'ALREADY_SETTLED',
    settled,
  });
});

test('an asker whose process is gone asks again with its key, and gets the answer, through restarts of the server', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'psyche-open-'));
  const open = async (port: number) => {
    const broker = await SqliteBroker.open({ path: join(dir, 'log.db') });
    const manager = new EventManager({ catalog, broker });
    const server = await startTestServer({ catalog, manager, port });
    const stop = async () => {
      await server[Symbol.asyncDispose]();
      await broker.close();
    };
    return { server, stop };
  };
  const port = await freePort();
  const first = await open(port);
  const options = { url: first.server.wsUrl, catalog };
  await using answerer = connect(options);
  const again = { topic: 'run-42', key: 'call-7' };
  const gone = connect(options);
  const lost = gone.ask('approval', DEPLOY, again);
  await eventually(() => expect(first.server.manager.stats().published).toMatchObject({ approval: 1 }));
  await Promise.all([expect(lost).rejects.toMatchObject({ code: 'CLOSED' }), gone.close()]);

  await using asker = connect(options);
  const asked = asker.ask('approval', DEPLOY, again);
  const asking = vi.fn();
  asked.then(asking, asking);
  const page = await answerer.open({ topic: 'run-42', types: ['approval'] });
  expect(page.items).toHaveLength(1);
  await first.stop();
  const second = await open(port);
  const id = page.items[0]?.event.open?.id ?? '';
  await eventually(() => expect(second.server.manager.stats().subscribers).toBe(1));
  expect(asking).not.toHaveBeenCalled();
  await answerer.answer('approval', id, { allow: true }, { topic: 'run-42' });
  expect(await asked).toMatchObject({ answer: { allow: true }, state: 'answered' });
  // One that comes after the answer gets it too: from another process, and after another restart.
  await second.stop();
  const third = await open(port);
  await using late = connect(options);
  expect(await late.ask('approval', DEPLOY, again)).toMatchObject({
    answer: { allow: true },
    state: 'answered',
  });
  const { items } = await late.history({ topic: 'run-42', openings: true });
  expect(items.map(({ event }) => event.open?.state)).toEqual(['open', 'answered']);
  await third.stop();
  await rm(dir, { recursive: true });
});

test('a question whose settlement was trimmed away is asked for again, and answered', async () => {
  const manager = new EventManager({ catalog, broker: new MemoryBroker({ maxRecords: 2 }) });
  await using server = await startTestServer({ catalog, manager });
  await using asker = connect({ url: server.wsUrl, catalog });
  const asked = asker.ask('approval', DEPLOY, { key: 'call-7' });
  await eventually(() => expect(server.manager.stats().subscribers).toBe(1));
  const { items } = await server.manager.openEvents();
  server.refusing = true;
  server.drop();
  await eventually(() => expect(server.manager.stats().subscribers).toBe(0));
  const id = items[0]?.event.open?.id ?? '';
  await server.manager.answer('approval', id, { allow: true });
  for (const text of ['a', 'b']) await server.manager.publish('note', { text });
  server.refusing = false;
  expect(await asked).toMatchObject({ state: 'answered' });
});

test.each([{ when: 'while its asker is connected' }, { when: 'while it is not' }])(
  '[V7] a question that is erased $when is not asked again: its asker is told',
  async ({ when }) => {
    await using server = await startTestServer({ catalog });
    await using asker = connect({ url: server.wsUrl, catalog });
    const asked = asker.ask('approval', DEPLOY, { key: 'call-7' });
    const refused = expect(asked).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await eventually(() => expect(server.manager.stats().subscribers).toBe(1));
    const isAway = when === 'while it is not';
    if (isAway) {
      server.refusing = true;
      server.drop();
      await eventually(() => expect(server.manager.stats().subscribers).toBe(0));
    }
    expect(await server.manager.erase({ filter: { tool: 'deploy' } })).toEqual({ erased: 1 });
    server.refusing = false;
    await refused;
    expect((await server.manager.openEvents()).items).toEqual([]);
  },
);

test('a signal withdraws the question, even one whose asking was not answered yet', async () => {
  await using server = await startTestServer({ catalog });
  await using asker = connect({ url: server.wsUrl, catalog });
  const { objects, ready } = arrivals(asker, 'approval');
  await ready;
  const abort = new AbortController();
  const asked = asker.ask('approval', DEPLOY, { signal: abort.signal });
  await eventually(() => expect(objects).toHaveLength(1));
  abort.abort(new Error('not needed'));
  await expect(asked).rejects.toThrow('not needed');
  await eventually(() => expect(objects[1]?.open?.state).toBe('withdrawn'));

  const early = new AbortController();
  const hasty = asker.ask('approval', DEPLOY, { signal: early.signal });
  early.abort();
  await expect(hasty).rejects.toThrow('abort');
  await eventually(() => expect(objects[3]?.open?.state).toBe('withdrawn'));
  await expect(asker.ask('approval', DEPLOY, { signal: early.signal })).rejects.toThrow('abort');
  expect(await asker.open()).toMatchObject({ items: [] });
});

test('data that the catalog refuses is not sent', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect({ url: server.wsUrl, catalog });
  const wrong = { code: 'INVALID_EVENT' };
  await expect(client.ask('approval', { tool: 1 as never })).rejects.toMatchObject(wrong);
  await expect(client.answer('approval', 'x', { allow: 'yes' as never })).rejects.toMatchObject(wrong);
  await expect(client.begin('reply', { agent_id: 'a' } as never)).rejects.toMatchObject(wrong);
  await expect(client.join('viewer', {} as never)).rejects.toMatchObject(wrong);
  await expect(client.answer('approval', 'approval.x', { allow: true })).rejects.toMatchObject({
    code: 'NOT_OPEN',
  });
});
