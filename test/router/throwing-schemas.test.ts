import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents, growing, versions } from '../../shared/index.ts';

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

test('[V4] a publish whose data makes the way back to the version of its publishers throw is refused as invalid', async () => {
  const address = z.object({ to: z.string() });
  const parts = z.object({ host: z.string() });
  const catalog = defineEvents({
    link: versions(address, [
      parts,
      ({ to }) => ({ host: new URL(to).host }),
      ({ host }) => ({ to: new URL(`https://${host}`).href }),
    ]),
  });
  const broker = new MemoryBroker();
  const manager = new EventManager({ broker, catalog, publishAs: { link: 1 } });
  onTestFinished(() => manager.close());
  await expect(manager.publish('link', { host: 'not a host' })).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    message: 'Invalid link: data: cannot be validated: Invalid URL; link is held at version 1 by publishAs',
  });
  await manager.publish('link', { host: 'example.com' });
  expect((await manager.history()).items.map(({ event }) => event.data)).toEqual([{ host: 'example.com' }]);
});

test('[V4] a growing event whose data makes the way forth from the version of its publishers throw is refused as invalid', async () => {
  const text = z.string();
  const catalog = defineEvents({
    link: growing(
      versions(z.object({ to: z.string(), text }), [
        z.object({ host: z.string(), text }),
        ({ to, text }) => ({ host: new URL(to).host, text }),
      ]),
      'text',
    ),
  });
  const manager = new EventManager({ broker: new MemoryBroker(), catalog, publishAs: { link: 1 } });
  onTestFinished(() => manager.close());
  const { begin } = createAppRouter(manager).createCaller({});
  const begun = (to: string) => begin.link({ data: { to, text: '' } as never });
  await expect(begun('nowhere')).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    cause: {
      code: 'INVALID_EVENT',
      message: expect.stringContaining('Invalid link: data: cannot be validated: Invalid URL'),
    },
  });
  await begun('https://example.com');
});

test('[V2] a record whose data makes the step from its version throw stays a gap', async () => {
  const first = z.object({ to: z.string() });
  const broker = new MemoryBroker();
  const older = new EventManager({ broker, catalog: defineEvents({ link: first }) });
  const newer = new EventManager({
    broker,
    catalog: defineEvents({
      link: versions(first, [z.object({ host: z.string() }), ({ to }) => ({ host: new URL(to).host })]),
    }),
  });
  onTestFinished(() => Promise.all([older.close(), newer.close()]).then(() => {}));
  await older.publish('link', { to: 'nowhere' });
  await older.publish('link', { to: 'https://example.com' });
  const { items, gaps } = await newer.history();
  expect(gaps).toMatchObject([{ reason: 'dropped' }]);
  expect(items.map(({ event }) => event.data)).toEqual([{ host: 'example.com' }]);
});
