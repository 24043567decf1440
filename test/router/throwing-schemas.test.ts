import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';

test.each([
  ['a transform', z.string().transform((text) => BigInt(text)), 'Cannot convert x to a BigInt'],
  ['a check that is asynchronous', z.string().refine(async () => true), 'Promise'],
])(
  'a publish whose data makes %s of the schema throw is refused as invalid, with the reason',
  async (_, schema, reason) => {
    const catalog = defineEvents({ counted: z.object({ n: schema }) });
    const manager = new EventManager({ broker: new MemoryBroker(), catalog });
    onTestFinished(() => manager.close());
    const refused: unknown = await createAppRouter(manager)
      .createCaller({})
      .publish.counted({ data: { n: 'x' } })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'BAD_REQUEST',
      cause: {
        code: 'INVALID_EVENT',
        message: expect.stringContaining(reason),
        issues: [{ path: ['data'], message: expect.stringContaining(reason) }],
      },
    });
  },
);

test('a publish whose data makes the cleaner of the catalog throw is refused as invalid', async () => {
  const sanitize = (): never => {
    throw new Error('not clean');
  };
  const catalog = defineEvents({ said: z.object({ text: z.string() }) }, { sanitize });
  const manager = new EventManager({ broker: new MemoryBroker(), catalog });
  onTestFinished(() => manager.close());
  await expect(manager.publish('said', { text: 'x' })).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    message: 'Invalid said: data: cannot be validated: not clean',
    cause: { message: 'not clean' },
  });
});
