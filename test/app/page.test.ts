import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer } from './harness.ts';

let dir: string;
let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'psyche-page-'));
  const pageDir = join(dir, 'page');
  await mkdir(join(pageDir, 'assets'), { recursive: true });
  await writeFile(join(dir, 'secret.txt'), 'not of the page');
  await writeFile(join(pageDir, 'index.html'), '<!doctype html>');
  await writeFile(join(pageDir, 'assets/app-1.js'), 'export {};');
  server = await startTestServer({}, { pageDir });
});

afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

/** Asks for a path as it is written: `fetch` would resolve its dots. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const { port } = server;
      const asked = request({ port, host: '127.0.0.1', path, headers, method }, async (answer) => {
        const text = (await answer.toArray()).join('');
        resolve({ status: answer.statusCode, headers: answer.headers, text });
      });
      asked.once('error', reject).end();
    },
  );
}

describe('a file of the page', () => {
  test.each(['/', '/index.html', '/assets/app-1.js'])('%s has its type and its length', async (path) => {
    const { status, headers, text } = await ask(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(path.endsWith('.js') ? /javascript/ : /^text\/html/);
    expect(headers['content-length']).toBe(`${text.length}`);
  });

  test('is answered with 304 to a client that has it', async () => {
    const { etag } = (await ask('/')).headers;
    for (const known of [`${etag}`, `"other", W/${etag}`, '*']) {
      const again = await ask('/', { 'if-none-match': known });
      expect(again).toMatchObject({ status: 304, text: '', headers: { etag, 'cache-control': 'no-cache' } });
    }
    expect(await ask('/', { 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
  });

  test('is answered without its body to HEAD', async () => {
    const answer = await ask('/assets/app-1.js', {}, 'HEAD');
    expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-length': '10' } });
  });
});

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets/..%5c..%5csecret.txt',
  '//secret.txt',
  '/assets/',
  '/secret.txt%00.js',
])('no address leads out of the page’s folder: %s', async (path) => {
  const { status, text } = await ask(path);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(text).not.toContain('not of the page');
});

test.each(['/%', '/%E0%A4%A', '/trpc/%'])(
  'an address that cannot be decoded is refused: %s',
  async (path) => {
    expect(await ask(path)).toMatchObject({ status: 400, headers: { 'x-content-type-options': 'nosniff' } });
  },
);
