import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { defineEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { httpClient, startTestServer, wsClient } from './harness.ts';

const BEYOND = '9007199254740993';
/** An event whose metadata holds such a number, as text: JavaScript cannot write it. */
const data = JSON.stringify(agentMessage('n'))
  .replace('"metadata":{', `"metadata":{"id":${BEYOND},`)
  .replace(',}', '}');

test('a whole number beyond 2^53 is refused over HTTP, alone and in a batch, and nothing is stored', async () => {
  await using server = await startTestServer();
  const post = (path: string, body: string) =>
    fetch(`${server.url}/trpc/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const refused = { json: { data: { reason: 'INVALID_EVENT', httpStatus: 400 } } };
  const alone = await post('publish.agent_message', `{"data":${data}}`);
  expect(alone.status).toBe(400);
  expect(await alone.json()).toMatchObject({ error: refused });
  const both = await post(
    'publish.agent_message,publish.agent_message?batch=1',
    `{"0":{"data":${data}},"1":{"data":${data}}}`,
  );
  expect(await both.json()).toMatchObject([{ error: refused }, { error: refused }]);
  const { items } = await httpClient(server.url).history.query();
  expect(items).toEqual([]);
  // The control: the same event with a number that there is.
  const safe = await post('publish.agent_message', `{"data":${data.replace(BEYOND, '9007199254740992')}}`);
  expect(safe.status).toBe(200);
});

test('a batch of too many calls is refused with one short error, not one for each call', async () => {
  await using server = await startTestServer();
  const post = (calls: number) =>
    fetch(`${server.url}/trpc/${Array.from({ length: calls }, () => 'x')}?batch=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `[${BEYOND}]`,
    });
  const many = await post(7000);
  expect(many.status).toBe(400);
  expect((await many.text()).length).toBeLessThan(4096);
  // The control: as many calls as a request may have get an answer each.
  expect(await (await post(100)).json()).toHaveLength(100);
});

test('over a WebSocket such a number is refused where the schema asks for a number, and accepted as a bigint where it asks for one', async () => {
  const catalog = defineEvents({ n: z.object({ n: z.number() }), big: z.object({ n: z.bigint() }) });
  await using server = await startTestServer({}, { catalog });
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(ws, 'open');
  const call = async (id: number, type: string) => {
    const params = `{"path":"publish.${type}","input":{"json":{"data":{"n":${BEYOND}}}}}`;
    ws.send(`{"id":${id},"method":"mutation","params":${params}}`);
    const [answer] = await once(ws, 'message');
    return JSON.parse(String(answer));
  };
  expect(await call(1, 'n')).toMatchObject({
    error: { json: { data: { reason: 'INVALID_EVENT', issues: [{ path: ['data', 'n'] }] } } },
  });
  expect(await call(2, 'big')).toMatchObject({ result: { data: { json: { duplicate: false } } } });
  ws.close();
  await using client = wsClient(server.url);
  const { items } = await client.trpc.history.query();
  expect(items.map(({ event }) => event.data)).toEqual([{ n: BigInt(BEYOND) }]);
});
