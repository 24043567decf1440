import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTestServer } from './harness.ts';
import { get, KEY, Raw } from './raw-http.ts';

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

test('every answer has the security headers, whatever its status, and one that is no page may load nothing', async () => {
  const pageDir = await mkdtemp(join(tmpdir(), 'psyche-page-'));
  await mkdir(join(pageDir, 'assets'));
  await writeFile(join(pageDir, 'index.html'), '<!doctype html>');
  await writeFile(join(pageDir, 'assets/app-1.js'), 'export {}');
  await using server = await startTestServer({}, { pageDir });
  const answers = [
    ['/', {}, 200],
    ['/assets/app-1.js', {}, 200],
    ['/healthz', {}, 200],
    ['/readyz', {}, 200],
    ['/trpc/stats', {}, 200],
    ['/trpc/history?input=%7B', {}, 400],
    ['/trpc/on.any', {}, 200],
    ['/trpc/none', {}, 404],
    ['/nothing', {}, 404],
    ['/trpc/stats', { headers: { origin: 'https://foreign.example' } }, 403],
    ['/trpc/publish.agent_message', { method: 'POST', body: 'x'.repeat(1_100_000) }, 413],
  ] as const;
  for (const [path, init, status] of answers) {
    const abort = new AbortController();
    const headers = { 'content-type': 'application/json', ...('headers' in init ? init.headers : {}) };
    const answer = await fetch(server.url + path, { ...init, headers, signal: abort.signal });
    const sent = Object.fromEntries(answer.headers);
    expect({ path, status: answer.status, ...sent }).toMatchObject({ path, status, ...EVERYWHERE });
    const isPage = path === '/' || path.startsWith('/assets');
    expect(sent['content-security-policy']).toContain(isPage ? "default-src 'self'" : "default-src 'none'");
    expect(sent['content-security-policy']).toContain("frame-ancestors 'none'");
    abort.abort();
  }
  await rm(pageDir, { recursive: true });
});

test.each([
  [
    'a version that nobody speaks',
    KEY.replace('13', '12'),
    'Missing or invalid Sec-WebSocket-Version header',
  ],
  ['no key', KEY.replace(/^.*\r\n/, ''), 'Missing or invalid Sec-WebSocket-Key header'],
])('the answer to a WebSocket handshake with %s is no page, and has them too', async (_, key, message) => {
  await using server = await startTestServer();
  using raw = new Raw(server.port);
  raw.write(get('/trpc', `Upgrade: websocket\r\nConnection: Upgrade\r\n${key}`));
  await expect.poll(() => raw.isClosed).toBe(true);
  const [head = '', body] = raw.text.split('\r\n\r\n');
  const [status, ...lines] = head.split('\r\n');
  expect(status).toBe('HTTP/1.1 400 Bad Request');
  expect(Object.fromEntries(lines.map((line) => line.split(': ', 2)))).toMatchObject({
    ...EVERYWHERE,
    'content-type': 'application/json',
    'psyche-protocol': '1',
    'sec-websocket-version': '13, 8',
  });
  expect(body).toBe(JSON.stringify({ message }));
});

test.each(['/trpc/stats', '/trpc/on.any', '/trpc/none', '/trpc'])(
  'an answer of %s says that it is of one origin, so that no cache gives it to a page of another',
  async (path) => {
    const origin = 'https://page.example';
    await using server = await startTestServer({ allowedOrigins: [origin] });
    for (const headers of [{ origin }, { origin: 'https://foreign.example' }, {}]) {
      const abort = new AbortController();
      const answer = await fetch(server.url + path, { headers, signal: abort.signal });
      expect(answer.headers.get('vary')?.split(', '), JSON.stringify(headers)).toContain('origin');
      abort.abort();
    }
  },
);
