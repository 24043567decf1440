import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import superjson from 'superjson';
import { expect, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/http.md'), 'utf8');
const headers = { 'content-type': 'application/json' };

/** The calls of curl that the guide shows, as fetch makes them. */
function callsOfGuide(url: string): [address: string, init: RequestInit][] {
  return [...GUIDE.matchAll(/^curl -(\w+) http:\/\/127\.0\.0\.1:3000(\S+)([\s\S]*?)^```/gm)].map(
    ([, flags = '', path = '', rest = '']) => {
      const [, name, value = ''] = /(-d|--data-urlencode) '([^']+)'/.exec(rest) ?? [];
      if (name === '-d') return [url + path, { method: 'POST', headers, body: value }];
      expect(flags).toContain('G');
      const [field = '', ...text] = value.split('=');
      return [`${url}${path}?${field}=${encodeURIComponent(text.join('='))}`, {}];
    },
  );
}

test('every call of docs/http.md works as it is shown', async () => {
  await using server = await startTestServer();
  const calls = callsOfGuide(server.url);
  expect(calls).toHaveLength(4);
  const answers: string[] = [];
  for (const [address, init] of calls) {
    const answer = await fetch(address, init);
    expect(answer.status).toBe(200);
    const reader = answer.body?.getReader();
    let text = '';
    // A stream does not end: what its past holds is enough.
    while (!text.includes('}}}')) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) break;
      text += Buffer.from(value ?? []).toString();
      if (text.includes('stream_synced')) break;
    }
    await reader?.cancel();
    answers.push(text);
  }
  const [published, batch, history, stream] = answers;
  expect(JSON.parse(published ?? '').result.data.json).toMatchObject({ duplicate: false });
  expect(JSON.parse(batch ?? '').result.data.json).toHaveLength(1);
  expect(history).toContain('"event_type":"system_status"');
  expect(stream).toContain('"message":"Hello."');
});

test('input is accepted with superjson’s wrapper and without it, alone and in batches', async () => {
  await using server = await startTestServer();
  const post = async (path: string, body: unknown) =>
    (
      await fetch(`${server.url}/trpc/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    ).json();
  const input = { data: agentMessage('x'), idempotencyKey: 'k' };
  expect((await post('publish.agent_message', input)).result.data.json.duplicate).toBe(false);
  expect((await post('publish.agent_message', superjson.serialize(input))).result.data.json.duplicate).toBe(
    true,
  );
  const names = 'publish.agent_message,publish.agent_message';
  const both = await post(`${names}?batch=1`, { 0: input, 1: superjson.serialize(input) });
  expect(both.map(({ result }: never) => (result as never)['data']['json']['duplicate'])).toEqual([
    true,
    true,
  ]);
  const wrong = await post('publish.agent_message', { data: { agent_id: 1 } });
  expect(wrong.error.json.data).toMatchObject({ reason: 'INVALID_EVENT' });
  expect((await post('publish.agent_message', [])).error.json.data.reason).toBe('INVALID_OPTION');
});
