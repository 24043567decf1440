import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { openCatalog as catalog } from '../../open/world.ts';
import { freePort } from '../../setup/redis-server.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';
import { arrivals, told } from './arrivals.ts';

retrySoon();

const start = () => startTestServer({ catalog });

test('[O2] [O3] [O4] a reply of 200 pieces arrives whole at three clients, of which one joins late, through lost connections', async () => {
  await using server = await start();
  const options = { url: server.wsUrl, catalog };
  await using writer = connect(options);
  await using early = connect(options);
  await using late = connect(options);
  const first = arrivals(early, 'reply');
  await first.ready;
  const pieces = Array.from({ length: 200 }, (_, n) => (n % 7 === 3 ? `😀${n} ` : `${n} `));
  const whole = pieces.join('');
  const reply = await writer.begin('reply', { agent_id: 'shadow', text: '' });
  let second: typeof first | undefined;
  let seen = 1; // objects until the connection was lost; before, the beginning
  for (const [n, piece] of pieces.entries()) {
    // A growth is seen before each loss, however fast the pieces come: those that come together are one.
    if (n === 80 || n === 160) await eventually(() => expect(first.objects.length).toBeGreaterThan(seen));
    void reply.append(piece);
    if (n % 10 === 0) await sleep(5);
    if (n === 80) {
      server.drop();
      seen = first.objects.length;
    }
    if (n === 120) second = arrivals(late, 'reply');
    if (n === 160) server.drop(1001);
  }
  const { cursor } = await reply.done();
  for (const { objects } of [first, second ?? first]) {
    await eventually(() => expect(objects.at(-1)?.open?.state).toBe('done'));
    const texts = objects.map(({ data }) => data.text);
    expect(texts.at(-1)).toBe(whole);
    expect(texts.every((text) => whole.startsWith(text))).toBe(true); // never a text with a hole
    expect(texts).toEqual([...texts].sort((a, b) => a.length - b.length)); // nor one of before
    expect(new Set(objects.map(({ open }) => open?.id))).toEqual(new Set([reply.id]));
    expect(new Set(objects).size).toBe(objects.length);
  }
  expect(told(first.objects, 'text')[0]).toBe(' open');
  // The beginning, a growth before each loss, and the settlement: more may come as one.
  expect(first.objects.length).toBeGreaterThan(3);
  expect(await early.history({ types: ['reply'] })).toMatchObject({
    items: [{ cursor, event: { data: { agent_id: 'shadow', text: whole }, open: { state: 'done' } } }],
  });
});

test('a handler may change what it was given: the next growth has the text that there is', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  const texts: string[] = [];
  client.on('reply', ({ data }) => {
    texts.push(data.text);
    data.text = 'changed';
  });
  const reply = await client.begin('reply', { agent_id: 'a', text: 'so' });
  await reply.append(' it');
  await reply.append(' grows');
  await reply.abort('enough');
  await eventually(() => expect(texts).toEqual(['so', 'so it', 'so it grows', 'so it grows']));
});

test('[O6] a loop that is slower than the stream gets each event as it is, and its settlement', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  const seen: string[] = [];
  const items = client.stream({ types: ['reply'], bufferSize: 2 })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await items.next();
    if (value?.event.event_type === 'reply') seen.push(...told([value.event], 'text'));
    return value?.event;
  };
  expect((await next())?.event_type).toBe('stream_synced');
  const reply = await client.begin('reply', { agent_id: 'a', text: '' });
  for (const piece of ['one ', 'two ', 'three ']) await reply.append(piece);
  const all = vi.fn();
  client.on('reply', all);
  await reply.done();
  await eventually(() => expect(all).toHaveBeenCalled());
  while (seen.at(-1) !== 'one two three  done') await next();
  expect(seen[0]).toBe(' open');
  expect(seen.length).toBeLessThan(5);
  await items.return?.();
});

test('[O1] begun again with its key it is the same event, and one that was settled tells how', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  const [topic, key] = ['run-1', 'call-7'];
  const first = await client.begin('reply', { agent_id: 'a', text: 'so ' }, { topic, key });
  await first.append('far');
  const again = await client.begin('reply', { agent_id: 'a', text: '' }, { topic, key });
  expect([again.id, again.resumed, again.length]).toEqual([first.id, true, 6]);
  expect(await client.open({ topic })).toMatchObject({
    items: [
      { event: { event_type: 'reply', data: { text: 'so far' }, open: { state: 'open' }, stored: false } },
    ],
  });
  await again.append(' so good');
  const { cursor } = await again.done();
  const settled = { id: first.id, state: 'done', cursor };
  expect((await client.begin('reply', { agent_id: 'a', text: '' }, { topic, key })).settled).toMatchObject(
    settled,
  );
  await expect(first.abort()).rejects.toMatchObject({ code: 'ALREADY_SETTLED', settled });
  await expect(again.done()).rejects.toMatchObject({ code: 'ALREADY_SETTLED', settled });
  expect(await client.open({ topic })).toMatchObject({ items: [] });
});

test('a client that is closed aborts what nobody can come back to, after its text', async () => {
  await using server = await start();
  await using other = connect({ url: server.wsUrl, catalog });
  const client = connect({ url: server.wsUrl, catalog });
  const { objects, ready } = arrivals(other, 'reply');
  await ready;
  const settled = await client.begin('reply', { agent_id: 'a', text: '1' });
  await settled.done();
  const reply = await client.begin('reply', { agent_id: 'a', text: '2' });
  const kept = await client.begin('reply', { agent_id: 'a', text: '3' }, { key: 'call-7' });
  for (const piece of [' and', ' more']) void reply.append(piece);
  await client.close();
  await eventually(() => expect(told(objects, 'text').at(-1)).toBe('2 and more aborted'));
  expect(told(objects, 'text')).not.toContain('1 aborted');
  expect(await other.open()).toMatchObject({ items: [{ event: { open: { id: kept.id } } }] });
  const again = await other.begin('reply', { agent_id: 'a', text: '' }, { key: 'call-7' });
  expect(again).toMatchObject({ id: kept.id, resumed: true });
});

test('[O10] with the log its open events are lost, and told so once, after the gap', async () => {
  const manager = new EventManager({ catalog, broker: new MemoryBroker() });
  const port = await freePort();
  const first = await startTestServer({ catalog, manager, port });
  await using client = connect({ url: first.wsUrl, catalog });
  const log: string[] = [];
  client.on('any', ({ event_type, open }) => log.push(`${event_type} ${open?.state}`), {
    onGap: ({ reason }) => log.push(reason),
    onSynced: () => log.push('synced'),
  });
  await client.begin('reply', { agent_id: 'a', text: '' });
  await client.join('viewer', { name: 'Ada' });
  await eventually(() => expect(log).toEqual(['synced', 'reply open', 'viewer open']));
  await first[Symbol.asyncDispose]();
  await using _second = await startTestServer({ catalog, port });
  await eventually(() =>
    expect(log.slice(3)).toEqual(['epoch_changed', 'reply lost', 'viewer lost', 'synced']),
  );
});
