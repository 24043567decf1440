import { expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import { EventManager, loadConfig, MemoryBroker, startServer } from '../../server/index.ts';

const schemas = { note: z.object({ text: z.string() }) } as never;
const url = 'ws://127.0.0.1:1/trpc';

test.each<[string, () => unknown]>([
  ['EventManager', () => new EventManager({ broker: new MemoryBroker(), catalog: schemas })],
  ['createClient', () => createClient({ url, catalog: schemas })],
  ['startServer', () => startServer(loadConfig({ port: 0 }), { catalog: schemas })],
])('%s refuses schemas that no defineEvents is around', async (name, make) => {
  const words = `${name}: wrap the schemas of catalog in defineEvents`;
  await expect(async () => make()).rejects.toThrow(new TypeError(words));
});
