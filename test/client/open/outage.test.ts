import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCatalog as catalog } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { startTestServer } from '../test-server.ts';

/** Ms for which a handle tries to send a change. */
const LEASE_MS = 15_000;

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01); // waits of 10 ms and more
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Has a handle give up soon, from now on: while a server answers, it may take its time. */
function giveUpSoon(): void {
  const { setTimeout } = globalThis;
  const sooner = (run: () => void, ms?: number) => setTimeout(run, ms === LEASE_MS ? 200 : ms);
  vi.stubGlobal('setTimeout', Object.assign(sooner, setTimeout));
}

test('a reply outlives a server that is away for longer than its handle tries to reach it', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect({ url: server.wsUrl, catalog });
  const reply = await client.begin('reply', { agent_id: 'a', text: '' });
  await reply.append('so ');
  server.refusing = true;
  server.drop();
  giveUpSoon();
  const failed = await reply.append('far ').catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/^No answer within 15000 ms\..* The text is kept/),
  });
  expect(failed).not.toMatchObject({ message: expect.stringContaining('idempotencyKey') });
  vi.unstubAllGlobals();
  server.refusing = false;
  void reply.append('so good');
  const { cursor } = await eventually(() => reply.done());
  expect(await client.history()).toMatchObject({
    items: [{ cursor, event: { data: { text: 'so far so good' }, open: { state: 'done' } } }],
  });
});
