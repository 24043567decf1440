import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

const catalog = defineEvents({
  dream: z.object({
    at: z.date(),
    symbols: z.map(z.string(), z.bigint()),
    seen: z.set(z.string()),
    note: z.string().optional(),
  }),
  counted: z.object({ text: z.string().transform((text) => text.length) }),
});
const dream = () => ({
  at: new Date('2026-01-02T03:04:05.678Z'),
  symbols: new Map([
    ['water', 12n],
    ['door', 2n ** 70n],
  ]),
  seen: new Set(['shadow']),
});

test('an application’s own catalog works end to end with Date, Map, Set, bigint and transforms', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect({ url: server.wsUrl, catalog });
  await using typedOnly = connect<typeof catalog>({ url: server.wsUrl });
  const http = createPublisher({ url: server.httpUrl, catalog });
  const dreams: unknown[] = [];
  const lengths: number[] = [];
  const onSynced = vi.fn();
  client.on('dream', ({ data }) => dreams.push(data), { onSynced });
  typedOnly.on('counted', ({ data }) => lengths.push(data.text), { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(2));

  await client.publish('dream', dream());
  await http.publish('dream', dream());
  await typedOnly.publishBatch([{ event_type: 'counted', data: { text: 'four' } }]);
  await client.publish('counted', { text: 'seven77' });

  await eventually(() => expect(dreams).toEqual([dream(), dream()]));
  await eventually(() => expect(lengths).toEqual([4, 7]));
  const { items } = await typedOnly.history({ types: ['dream'] });
  expect(items.map(({ event }) => event.data)).toEqual([dream(), dream()]);
});
