import { expect, test } from 'vitest';
import { MAX_GROWN } from '../../../shared/open/bounds.ts';
import { openCatalog as catalog } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { startTestServer } from '../test-server.ts';
import { arrivals } from './arrivals.ts';

test('[O11] the longest text, of characters of three bytes, is begun, appended, told to who joins, and read', async () => {
  await using server = await startTestServer({ catalog });
  const options = { url: server.wsUrl, catalog };
  await using writer = connect(options);
  await using early = connect(options);
  await using late = connect(options);
  const first = arrivals(early, 'reply');
  await first.ready;
  const whole = '€'.repeat(MAX_GROWN);
  const { length: begun } = '€'.repeat(15_000);
  const reply = await writer.begin('reply', { agent_id: 'shadow', text: whole.slice(0, begun) });
  await reply.append(whole.slice(begun));
  await eventually(() => expect(first.objects.at(-1)?.data.text.length).toBe(MAX_GROWN));
  const second = arrivals(late, 'reply');
  await second.ready;
  expect(second.objects.map(({ data }) => data.text === whole)).toEqual([true]);
  const { items: open } = await late.open();
  expect(open[0]?.event.data).toEqual({ agent_id: 'shadow', text: whole });
  expect((await late.history()).items[0]?.event.data).toEqual({ agent_id: 'shadow', text: whole });
  await expect(reply.append('€')).rejects.toMatchObject({ code: 'TOO_LARGE' });
  await reply.abort();
  await eventually(() => expect(second.objects.at(-1)?.open?.state).toBe('aborted'));
  expect(second.objects.at(-1)?.data.text === whole).toBe(true);
  expect((await late.history()).items[0]?.event.data).toEqual({ agent_id: 'shadow', text: whole });
});

test('several of them are told, and read, by a client that takes its time', async () => {
  await using server = await startTestServer({ catalog });
  const options = { url: server.wsUrl, catalog };
  await using writer = connect(options);
  await using late = connect(options);
  const whole = '€'.repeat(MAX_GROWN);
  const replies = await Promise.all(
    Array.from({ length: 5 }, (_, n) => writer.begin('reply', { agent_id: `${n}`, text: '' })),
  );
  await Promise.all(replies.map((reply) => reply.append(whole)));
  const second = arrivals(late, 'reply');
  await second.ready;
  expect(second.objects.map(({ data }) => data.text === whole)).toEqual(replies.map(() => true));
  expect((await late.open()).items.map(({ event }) => event.data)).toHaveLength(replies.length);
  const { cursor } = await writer.open();
  await Promise.all(replies.map((reply) => reply.done()));
  let settled = 0;
  const read = (since: string) => late.history({ types: ['reply'], since });
  for (let page = await read(cursor); ; page = await read(page.next)) {
    settled += page.items.filter(({ event }) => event.data.text === whole).length;
    if (page.atEnd) break;
  }
  expect(settled).toBe(replies.length);
  await eventually(() => expect(second.objects.filter(({ open }) => open?.state === 'done')).toHaveLength(5));
});

test('an opening whose text is too long for a message is refused, and nothing is open', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect({ url: server.wsUrl, catalog });
  const text = '€'.repeat(MAX_GROWN);
  await expect(client.begin('reply', { agent_id: 'shadow', text })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('no message that large'),
  });
  expect((await client.open()).items).toEqual([]);
});
