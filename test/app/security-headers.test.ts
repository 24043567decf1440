import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTestServer } from './harness.ts';

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
