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
  ['join', 'reply', 'reply is of the kind growing: begin it. join is for the kind presence.'],
  ['ask', 'reply', 'reply is of the kind growing: begin it. ask is for the kind question.'],
  ['begin', 'approval', 'approval is of the kind question: ask it. begin is for the kind growing.'],
  ['begin', 'viewer', 'viewer is of the kind presence: join it. begin is for the kind growing.'],
  ['begin', 'typing', 'typing is of the kind ephemeral: publish it. begin is for the kind growing.'],
  ['begin', 'note', 'note is a complete event: publish it. begin is for the kind growing.'],
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
  const message = expect.stringContaining('is of a kind for this call (growing: begin;');
  await expect(client.begin('note', { text: '' })).rejects.toMatchObject({ message });
  await expect(client.answer('reply', 'reply.x', {} as never)).rejects.toMatchObject({ message });
});
