import { afterEach, expect, test, vi } from 'vitest';
import { Member } from '../../../client/open/member.ts';
import { EventsError } from '../../../shared/index.ts';
import type { OpenHandle } from '../../../shared/open/handles.ts';
import { openCatalog as catalog, openSet, openWorld } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';

retrySoon();
afterEach(() => {
  vi.unstubAllGlobals();
});

const topic = 'run-42';

test('a client that is closed while it joins and begins leaves nothing open', async () => {
  const { manager, broker } = openWorld();
  await using server = await startTestServer({ catalog, manager });
  await using client = connect({ url: server.wsUrl, catalog });
  await client.stats();
  const joining = client.join('viewer', { name: 'Ada' }, { topic });
  const beginning = client.begin('reply', { agent_id: 'a', text: '' }, { topic });
  const closing = client.close();
  await expect(client.join('viewer', { name: 'Eve' }, { topic })).rejects.toMatchObject({ code: 'CLOSED' });
  await closing;
  await Promise.all([joining, beginning]);
  expect(await openSet({ broker }, topic)).toEqual([]);
});

test('a client that is closed while a member joins again leaves nothing open', async () => {
  const { manager, broker, clock } = openWorld();
  await using server = await startTestServer({ catalog, manager });
  await using client = connect({ url: server.wsUrl, catalog });
  const me = await client.join('viewer', { name: 'Ada' }, { topic });
  await clock.advance(20_000); // its lease is over
  const begin = manager.opens.begin.bind(manager.opens);
  let closing: Promise<void> | undefined;
  vi.spyOn(manager.opens, 'begin').mockImplementation((...asked: Parameters<typeof begin>) => {
    closing = client.close();
    return begin(...asked);
  });
  await me.update({ name: 'Ada L.' }).catch(() => {}); // finds that it was lost
  await eventually(() => expect(closing).toBeDefined());
  await closing;
  expect(await openSet({ broker }, topic)).toEqual([]);
});

test('a client that is closed while a member leaves waits for it', async () => {
  const { manager, broker } = openWorld();
  await using server = await startTestServer({ catalog, manager });
  await using client = connect({ url: server.wsUrl, catalog });
  const me = await client.join('viewer', { name: 'Ada' }, { topic });
  await Promise.all([me.close(), client.close()]);
  expect(await openSet({ broker }, topic)).toEqual([]);
});

/** A member that was lost, by itself: joining again fails as told. */
async function lostMember(again: () => Promise<OpenHandle<string>>) {
  const data: string[] = [];
  const update = vi.fn(async (_: string) => {});
  const handle = { id: '1', update, close: async () => {} } as unknown as OpenHandle<string>;
  let lose = (): void => {};
  const begin = vi.fn((said: string, onLost: () => void) => {
    data.push(said);
    lose = onLost;
    return data.length === 1 ? Promise.resolve(handle) : again();
  });
  const member = new Member<string>({
    begin,
    data: 'first',
    report: () => {},
    isConnected: () => true,
    onClosed: () => {},
  });
  await member.join();
  return { member, data, update, lose: () => lose() };
}

test('a member that waits to join again stops waiting when it is closed', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.777); // waits of 777 ms, and then of twice as many: nobody else's
  const [waiting, stopped] = [new Set<unknown>(), new Set<unknown>()];
  const { setTimeout: start, clearTimeout: stop } = globalThis;
  const watched = (run: () => void, ms?: number) => {
    const timer = start(() => {
      waiting.delete(timer);
      run();
    }, ms);
    if (ms && ms % 777 === 0) waiting.add(timer);
    return timer;
  };
  vi.stubGlobal('setTimeout', Object.assign(watched, start));
  vi.stubGlobal('clearTimeout', (timer: ReturnType<typeof setTimeout>) => {
    stopped.add(timer);
    stop(timer);
  });
  const { member, lose } = await lostMember(async () => {
    throw new EventsError('UNAVAILABLE', 'not now');
  });
  lose();
  await eventually(() => expect(waiting.size).toBe(1));
  await member.close();
  for (const timer of waiting) expect(stopped).toContain(timer);
  expect(waiting.size).toBe(1); // it was stopped, and did not pass
});

test('a member joins again with the data that was taken last', async () => {
  const { member, data, update, lose } = await lostMember(() => new Promise(() => {}));
  await member.update('second');
  update.mockRejectedValueOnce(new EventsError('INVALID_EVENT', 'no name'));
  await expect(member.update('third')).rejects.toMatchObject({ code: 'INVALID_EVENT' });
  lose();
  await eventually(() => expect(data).toEqual(['first', 'second']));
});
