import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer } from './harness.ts';

test.each([
  ['off by default', {}, ''],
  ['on when it is switched on', { compression: true }, 'permessage-deflate'],
])('compression is %s', async (_, options, extensions) => {
  await using server = await startTestServer(options);
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(ws, 'open');
  expect(ws.extensions).toBe(extensions);
  ws.terminate();
});
