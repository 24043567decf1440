import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { apiKeys } from '../../../server/index.ts';
import { ALL, apiKey } from '../../access/harness.ts';
import { startTestServer } from '../../app/harness.ts';
import { openCatalog as catalog } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';

const { setTimeout: systemTimeout } = globalThis;

beforeEach(() => {
  // The wait before a question that is not shown is asked again.
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms = 0, ...args: []) =>
    systemTimeout(act, ms === 5000 ? 20 : ms, ...args)) as typeof setTimeout);
});
afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  { what: 'the answers of others', filter: { by: 'ada' } },
  { what: 'any question', filter: { by: 'somebody else' } },
])(
  '[O9] an asker whose claims do not show it $what gets its own answer, and who gave it',
  async ({ filter }) => {
    const authenticate = apiKeys([
      apiKey('ada', 'key-of-ada', { ...ALL, filter }),
      apiKey('bob', 'key-of-bob', { ...ALL, answer: ['*'] }),
    ]);
    await using server = await startTestServer({}, { catalog, authenticate });
    await using asker = connect({ url: server.url, catalog, token: 'key-of-ada' });
    await using answerer = connect({ url: server.url, catalog, token: 'key-of-bob' });
    const asked = asker.ask('approval', { tool: 'deploy' });
    await eventually(() => expect(server.manager.stats().subscribers).toBe(1));
    const { items } = await answerer.open();
    await answerer.answer('approval', items[0]?.event.open?.id ?? '', { allow: true });
    expect(await asked).toEqual({ answer: { allow: true }, by: 'bob', state: 'answered' });
  },
);

test('[O9] an asker who may not follow the topic is told so, and its question does not stay open', async () => {
  const authenticate = apiKeys([apiKey('ada', 'key-of-ada', { ...ALL, subscribe: [] })]);
  await using server = await startTestServer({}, { catalog, authenticate });
  await using asker = connect({ url: server.url, catalog, token: 'key-of-ada' });
  await expect(asker.ask('approval', { tool: 'deploy' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await eventually(async () => expect((await server.manager.openEvents()).items).toEqual([]));
  const { items } = await server.manager.history();
  expect(items).toMatchObject([{ event: { open: { state: 'withdrawn' } } }]);
});
