import { afterEach, expect, test, vi } from 'vitest';
import { createClient } from '../../client/index.ts';
import { openCatalog } from '../open/catalog.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A page that can be left: Node has none. */
function stubPage() {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  return { leave: () => page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false })) };
}

/** A member over server-sent events, whose requests the test sees and holds. */
async function joinOverStream(token: string) {
  const page = stubPage();
  const server = await startTestServer({ catalog: openCatalog });
  const client = createClient({ url: server.url, catalog: openCatalog, transports: ['sse'], token });
  await client.join('viewer', { name: 'ada' });
  const original = globalThis.fetch;
  const asked: { body: string; keepalive: boolean | undefined }[] = [];
  const held = (body: string) => body.includes('"note') || body.includes('PING');
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
    const body = String(init?.body);
    asked.push({ body, keepalive: init?.keepalive });
    return held(body) ? new Promise(() => {}) : original(input, init);
  });
  return {
    ...{ page, server, client },
    asked: (words: string) => asked.filter(({ body }) => body.includes(words)),
    async members() {
      return (await server.manager.openEvents()).items.length;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      void client.close();
    },
  };
}

test.each([1200, 50_000])(
  'a member leaves with its page at once, whatever waits, in a request that outlives it: with a token of %i characters',
  async (length) => {
    await using member = await joinOverStream('t'.repeat(length));
    void member.client.publish('note', { text: '"note that is not answered' }).catch(() => {});
    await eventually(() => expect(member.asked('"note')).toHaveLength(1));
    member.page.leave();
    expect(member.asked('"left"')).toMatchObject([{ keepalive: true }]); // in this turn: a page has no other
    await vi.waitFor(async () => expect(await member.members()).toBe(0), { timeout: 20_000 });
  },
);

test('a member leaves with its page while its stream is asked for anew', async () => {
  await using member = await joinOverStream('t');
  member.client.on('note', () => {});
  await eventually(() => expect(member.asked('PING').length).toBeGreaterThan(0));
  member.page.leave();
  expect(member.asked('"left"')).toMatchObject([{ keepalive: true }]);
  await vi.waitFor(async () => expect(await member.members()).toBe(0), { timeout: 20_000 });
});
