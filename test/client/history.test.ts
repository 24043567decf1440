import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { history as printHistory } from '../../cli/events/read.ts';
import { Surroundings } from '../../cli/surroundings.ts';
import type { EventsClient } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { startTestServer } from './test-server.ts';

/** More than a server reads for one page. */
const EVENTS = 600;
const START = new Date(0).toISOString();

let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  server = await startTestServer({ manager: new EventManager({ broker: new MemoryBroker() }) });
  const text = 'x'.repeat(30_000);
  for (let n = 0; n < EVENTS; n += 20) {
    await server.manager.publishBatch(
      Array.from({ length: 20 }, (_, i) => ({
        event_type: 'agent_message',
        data: { ...agentMessage(text), agent_id: `agent-${n + i}` },
      })),
    );
  }
});
afterAll(() => server[Symbol.asyncDispose]());

const only = (n: number) => ({ filter: { agent_id: `agent-${n}` } });
const found = ({ items }: Awaited<ReturnType<EventsClient['history']>>) =>
  items.map(({ event }) => event.event_type === 'agent_message' && event.data.agent_id);

test('history continues after an empty page that is not the end, in both directions', async () => {
  await using client = connect({ url: server.wsUrl });
  // Control: the first page has nothing, and is not the end.
  const first = await server.manager.history(only(3));
  expect(first).toMatchObject({ items: [], previous: expect.any(String) });
  expect(found(await client.history(only(3)))).toEqual(['agent-3']);
  expect(found(await client.history({ ...only(3), since: { last: 1 } }))).toEqual(['agent-3']);
  const since = { at: START };
  expect(await server.manager.history({ ...only(EVENTS - 1), since })).toMatchObject({
    items: [],
    atEnd: false,
  });
  const page = await client.history({ ...only(EVENTS - 1), since });
  expect(found(page)).toEqual([`agent-${EVENTS - 1}`]);
});

test('history of nothing ends at the end of the log', async () => {
  await using client = connect({ url: server.wsUrl });
  const forward = await client.history({ ...only(-1), since: { at: START } });
  expect(forward).toMatchObject({ items: [], atEnd: true });
  expect(await client.history(only(-1))).toMatchObject({ items: [], previous: null, atEnd: true });
});

test('the command history prints the last events over as many pages as it takes', async () => {
  await using client = connect({ url: server.wsUrl });
  const printed: string[] = [];
  const around = new Surroundings();
  vi.spyOn(around, 'print').mockImplementation(async (line) => void printed.push(line));
  await printHistory(client, { since: { last: 400 } }, around);
  const agents = printed.flatMap((line) => /"agent_id":"agent-(\d+)"/.exec(line)?.[1] ?? []);
  expect(agents.map(Number)).toEqual(Array.from({ length: 400 }, (_, i) => EVENTS - 400 + i));
});
