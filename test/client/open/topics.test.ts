import { initTRPC } from '@trpc/server';
import { expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { EventManager, eventProcedures, MemoryBroker } from '../../../server/index.ts';
import { transformer } from '../../../shared/index.ts';
import { openCatalog as catalog, type OpenCatalog } from '../../open/catalog.ts';
import { startForeignApp } from '../../support/foreign-app.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';

retrySoon();

test('[D6] [D12] in several topics each growth arrives once, with its topic, and records around it too, through lost connections', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect({ url: server.wsUrl, catalog });
  const seen: Record<string, string[]> = {};
  const { ready } = client.on(
    'any',
    (event, { topic }) => {
      if (event.event_type !== 'note' && event.event_type !== 'reply') return;
      const text = `${event.data.text} ${event.open?.state ?? ''}`.trim();
      seen[topic] = [...(seen[topic] ?? []), text];
    },
    { topics: ['run-*'] },
  );
  await ready;
  const replies = await Promise.all(
    ['run-1', 'run-2'].map((topic) => client.begin('reply', { agent_id: 'a', text: topic }, { topic })),
  );
  for (const piece of ['!', '?', '.']) {
    for (const reply of replies) await reply.append(piece);
    await client.publish('note', { text: piece }, { topic: 'run-1' });
    server.drop();
  }
  for (const reply of replies) await reply.done();
  await eventually(() => {
    expect(seen['run-1']?.at(-1)).toBe('run-1!?. done');
    expect(seen['run-2']?.at(-1)).toBe('run-2!?. done');
  });
  for (const [topic, texts = []] of Object.entries(seen)) {
    expect(new Set(texts).size).toBe(texts.length); // none twice
    expect(texts.filter((text) => text.startsWith('run')).every((text) => text.startsWith(topic))).toBe(true);
  }
  expect(seen['run-1']?.filter((text) => text.length === 1)).toEqual(['!', '?', '.']);
});

test('an ephemeral event reaches those who are there, twice with one cursor, and nobody later', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect({ url: server.wsUrl, catalog });
  const seen: string[] = [];
  const { ready } = client.on('typing', ({ data, stored }, { cursor }) =>
    seen.push(`${data.who} ${stored} ${cursor}`),
  );
  await ready;
  const { cursor } = await client.publish('typing', { who: 'Ada' });
  await client.publish('typing', { who: 'Ada' });
  await eventually(() => expect(seen).toEqual([`Ada false ${cursor}`, `Ada false ${cursor}`]));
  expect((await client.history()).items).toEqual([]);
});

test('the verbs call procedures under a key of another application', async () => {
  const manager = new EventManager<OpenCatalog>({ catalog, broker: new MemoryBroker() });
  const t = initTRPC.create({ transformer });
  const router = t.router({ events: eventProcedures(manager, t.procedure) });
  await using app = await startForeignApp(router);
  const client = createClient<typeof router>({ url: app.wsUrl, path: 'events' });
  const reply = await client.begin('reply', { agent_id: 'a', text: 'so' });
  await client.join('viewer', { name: 'Ada' });
  const asked = client.ask('approval', { tool: 'deploy' });
  await eventually(() => expect(manager.stats().published['approval']).toBe(1));
  const { items } = await client.open();
  expect(items.map(({ event }) => event.event_type)).toEqual(['reply', 'viewer', 'approval']);
  await client.answer('approval', items[2]?.event.open?.id ?? '', { allow: true });
  expect(await asked).toMatchObject({ answer: { allow: true } });
  await reply.append(' it is');
  await reply.done();
  expect((await client.history({ types: ['reply'] })).items[0]?.event.data).toEqual({
    agent_id: 'a',
    text: 'so it is',
  });
  await client.close();
  expect((await manager.openEvents()).items).toEqual([]);
  await manager.close();
});
