import { expect, test } from 'vitest';
import type { AnyCatalog } from '../../../shared/index.ts';
import { openCatalog } from '../../open/catalog.ts';
import { connect } from '../connect.ts';
import { startTestServer } from '../test-server.ts';

/** The catalog as code without types has it: any name goes with any verb. */
const catalog: AnyCatalog = openCatalog;
const start = () => startTestServer({ catalog });
type Verb = 'begin' | 'ask' | 'join';

test.each<[Verb, string, string]>([
  ['join', 'reply', 'reply is growing: begin it.'],
  ['ask', 'reply', 'reply is growing: begin it.'],
  ['begin', 'approval', 'approval is question: ask it.'],
  ['begin', 'viewer', 'viewer is presence: join it.'],
  ['begin', 'typing', 'typing is ephemeral: publish it.'],
  ['begin', 'note', 'note is complete: publish it.'],
])('%s of %s is refused at once, and the right verb is named', async (verb, type, message) => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  const call = client[verb](type, { agent_id: 'a', text: '', tool: 'x', name: 'y', who: 'z' });
  await expect(call).rejects.toMatchObject({ code: 'INVALID_OPTION', message });
  expect(await client.open()).toMatchObject({ items: [] });
});

test('a name that the catalog does not have is an unknown event for each verb', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  for (const verb of ['begin', 'ask', 'join'] as const) {
    await expect(client[verb]('nope', {})).rejects.toMatchObject({ code: 'UNKNOWN_EVENT' });
  }
});

test('without a catalog the error of a call that the server does not have names the kinds', async () => {
  await using server = await start();
  await using client = connect<AnyCatalog>({ url: server.wsUrl });
  const message = expect.stringContaining(
    '(begin a growing event, ask or answer a question, join a presence)',
  );
  await expect(client.begin('note', { text: '' })).rejects.toMatchObject({ message });
  await expect(client.answer('reply', 'reply.x', {} as never)).rejects.toMatchObject({ message });
});

test('a name that is no option is refused by each verb', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog: openCatalog });
  const slip: object = { topc: 'x' };
  const refused = { code: 'INVALID_OPTION', message: expect.stringContaining('topc') };
  await expect(client.begin('reply', { agent_id: 'a', text: '' }, slip)).rejects.toMatchObject(refused);
  await expect(client.ask('approval', { tool: 'x' }, slip)).rejects.toMatchObject(refused);
  await expect(client.join('viewer', { name: 'y' }, slip)).rejects.toMatchObject(refused);
  await expect(client.answer('approval', 'approval.x', { allow: true }, slip)).rejects.toMatchObject(refused);
});
