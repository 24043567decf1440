import { expect, test } from 'vitest';
import * as z from 'zod';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents, type LogEntry, transformer } from '../../shared/index.ts';

const catalog = defineEvents({ open: z.object({ it: z.unknown() }) });

const envelope = (it: string) =>
  `{"event_type":"open","timestamp":"2026-01-01T00:00:00Z","data":{"it":${it}}}`;

const FOREIGN: readonly [string, Pick<LogEntry, 'json' | 'meta'>][] = [
  ['data that is too deep to be sent', { json: envelope(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) }],
  [
    'a typed array of 100 million',
    { json: envelope('100000000'), meta: '{"values":{"data.data.it":[["typed-array","Uint8Array"]]}}' },
  ],
  [
    'an annotation that superjson’s clients cannot read',
    {
      json: envelope('{"constructor":"2026-01-01"}'),
      meta: '{"values":{"data.data.it.constructor":["Date"]},"v":1}',
    },
  ],
  ['annotations that are text', { json: envelope('1'), meta: '"x"' }],
];

test.each(FOREIGN)(
  'a record of another program with %s is a gap, and the others are read',
  async (_, foreign) => {
    const broker = new MemoryBroker();
    const manager = new EventManager({ catalog, broker });
    await manager.publish('open', { it: 1 });
    await broker.publish('default', [{ type: 'open', id: 'foreign', ...foreign }]);
    await manager.publish('open', { it: new Date(5) });
    const page = await manager.history({ since: { at: new Date(0).toISOString() } });
    expect(page.items.map(({ event }) => event.data)).toEqual([{ it: 1 }, { it: new Date(5) }]);
    expect(page.gaps).toMatchObject([{ lost: 1, reason: 'dropped' }]);
    expect(() => transformer.output.serialize(page)).not.toThrow();
    await manager.close();
  },
);

test('control: a trusted record of this kind makes its page unreadable for everybody', async () => {
  const broker = new MemoryBroker();
  const manager = new EventManager({ catalog, broker });
  const [[, foreign]] = FOREIGN as [(typeof FOREIGN)[number]];
  await broker.publish('default', [{ type: 'open', id: 'foreign', ...foreign, validatedBy: catalog }]);
  const answer = async () =>
    transformer.output.serialize(await manager.history({ since: { at: new Date(0).toISOString() } }));
  await expect(answer()).rejects.toThrow();
  await manager.close();
});
