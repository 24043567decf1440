import { createHash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConnectionState, createPublisher } from '../../client/index.ts';
import { loadConfig, startServer } from '../../server/index.ts';
import { simulationEvents } from '../../simulation/index.ts';
import { RunningCommand } from '../cli/command.ts';
import { connect } from '../client/connect.ts';
import { BUILT } from '../dashboard/page-server.ts';
import { launchChromium } from '../setup/chromium.ts';
import { noNginx } from '../setup/nginx.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import {
  type BehindNginx,
  type Changes,
  KEPT,
  startBehindNginx,
  upgrade,
  VARIABLES,
} from './behind-nginx.ts';

const TOKEN = 'for-nginx';
const KEYS = JSON.stringify([
  {
    id: 'all',
    sha256: createHash('sha256').update(TOKEN).digest('hex'),
    claims: { publish: ['*'], subscribe: ['*'], topics: ['*'], stats: true },
  },
]);

/** A server as the page starts it, on a free port. */
async function startBehind(env: Record<string, string> = {}) {
  const config = loadConfig(
    { port: 0, simulation: false, logLevel: 'silent', drainMs: 0 },
    { ...VARIABLES, ...env },
  );
  const server = await startServer(config, { catalog: simulationEvents, pageDir: BUILT });
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

describe.skipIf(noNginx !== null)(
  `an nginx configured as in docs/proxies.md${noNginx === null ? '' : ` (skipped: ${noNginx})`}`,
  { timeout: 120_000 },
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterAll(() => browser.close());

    /** Runs a command that trusts the certificate. */
    const command = (nginx: BehindNginx, args: readonly string[]) =>
      new RunningCommand([...args, '--url', nginx.url], {
        NODE_EXTRA_CA_CERTS: nginx.certificate.caFile,
        PSYCHE_TOKEN: TOKEN,
      });
    const run = async (nginx: BehindNginx, ...args: string[]) => {
      await using running = command(nginx, args);
      return await running.exit();
    };

    test.each<[string, Record<string, string>, Changes]>([
      ['strips the path', {}, []],
      ['keeps the path', KEPT.variables, KEPT.changes],
    ])('that %s serves page, cookie, WebSocket and command line over TLS', async (_, env, changes) => {
      await using server = await startBehind({ ...env, AUTH_API_KEYS: KEYS });
      await using nginx = await startBehindNginx(server.port, changes);
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      const broken: string[] = [];
      page.on('response', (response) => {
        const isExpected = response.status() < 400 || response.status() === 401;
        if (!isExpected && !response.url().includes('/trpc/simulation.'))
          broken.push(`${response.status()} ${response.url()}`);
      });
      // Without its slash it is sent on.
      await page.goto(nginx.url);
      expect(page.url()).toBe(`${nginx.url}/`);
      await page.getByRole('button', { name: 'Sign in…' }).click();
      await page.getByLabel('Token').fill(TOKEN);
      await page.getByLabel('Token').press('Enter');
      await page.locator('.connection[data-status="live"]').waitFor();
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({
        name: 'psyche_token',
        path: '/events/',
        secure: true,
        sameSite: 'Strict',
      });

      await using tail = command(nginx, ['tail', '--last', '1']);
      const published = await run(
        nginx,
        'publish',
        'agent_message',
        JSON.stringify(agentMessage('through nginx')),
      );
      expect(published).toMatchObject({ code: 0, stderr: '' });
      await page.getByText('through nginx').first().waitFor();
      await expect.poll(() => tail.stdout, { timeout: 60_000 }).toContain('through nginx');
      expect((await run(nginx, 'schema')).stdout).toContain('simulation_state');
      expect(broken).toEqual([]);
      await page.close();
    });

    test('serves clients, publishers and event streams that are given only the path', async () => {
      await using server = await startBehind();
      await using nginx = await startBehindNginx(server.port);
      await using client = connect({ url: nginx.plainUrl });
      const got: string[] = [];
      await client.on('agent_message', ({ data }) => got.push(data.message)).ready;
      const stream = await fetch(`${nginx.plainUrl}/trpc/on.agent_message`);
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      const readUntil = async (words: string): Promise<void> => {
        while (!text.includes(words)) text += (await reader?.read())?.value ?? '';
      };
      await readUntil('connected');
      const publisher = createPublisher({ url: nginx.plainUrl });
      await publisher.publish('agent_message', agentMessage('one'));
      // A single event fills no buffer, and comes all the same.
      await readUntil('one');
      await expect.poll(() => got).toEqual(['one']);
      await reader?.cancel();
      await publisher.close();
    });

    // It holds nothing back of an answer in chunks, as HTTP/1.1 has them: nginx 1.22 passes each on.
    test('control: delays an event of a stream when it buffers, and speaks HTTP/1.0 with the server', async () => {
      await using server = await startBehind();
      await using nginx = await startBehindNginx(server.port, [
        ['proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'],
        ['proxy_http_version 1.1;', 'proxy_http_version 1.0;'],
      ]);
      const abort = new AbortController();
      /** Follows until the end. @returns what tells if anything has come */
      const follow = (url: string) => {
        let text = '';
        const ended = fetch(`${url}/trpc/on.agent_message`, { signal: abort.signal }).then(
          async (response) => {
            for await (const chunk of response.body ?? []) text += Buffer.from(chunk);
          },
        );
        return { text: () => text, ended: ended.catch(() => {}) };
      };
      const [buffered, direct] = [follow(nginx.plainUrl), follow(server.url)];
      await expect.poll(() => server.manager.stats().subscribers).toBe(2);
      const publish = () => server.manager.publish('agent_message', agentMessage('x'.repeat(100)));
      await publish();
      await expect.poll(direct.text).toContain('xxx');
      expect(buffered.text()).toBe('');
      for (let more = 0; more < 1000 && buffered.text() === ''; more++) await publish();
      await expect.poll(buffered.text).toContain('xxx');
      abort.abort();
      await Promise.all([buffered.ended, direct.ended]);
    });

    test.each<[string, Changes, object]>([
      [
        'goes on over server-sent events, with buffering as nginx has it',
        [['proxy_buffering off;', '']],
        { transport: 'sse' },
      ],
      [
        'goes on, where nginx is told to buffer all the same',
        [['proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;']],
        { transport: 'sse' },
      ],
    ])('without the lines of upgrades a client %s', async (_, changes, state) => {
      await using server = await startBehind();
      await using nginx = await startBehindNginx(server.port, [
        ['proxy_set_header Upgrade $http_upgrade;', ''],
        ['proxy_set_header Connection $connection_header;', 'proxy_set_header Connection "";'],
        ...changes,
      ]);
      await using client = connect({ url: nginx.plainUrl, transports: ['ws', 'sse'] });
      const states: ConnectionState[] = [];
      client.connection.subscribe((each) => states.push(each));
      const got: string[] = [];
      client.on('agent_message', ({ data }) => got.push(data.message));
      await client.publish('agent_message', agentMessage('one'), { timeoutMs: 60_000 });
      await expect
        .poll(() => states, { timeout: 60_000 })
        .toEqual(expect.arrayContaining([expect.objectContaining(state)]));
      await expect.poll(() => got, { timeout: 60_000 }).toEqual(['one']);
    });

    test('passes its own status on: without a server, in maintenance, for another place', async () => {
      const nobody = await freePort();
      const cases: [string, Changes, string, number][] = [
        ['UNAVAILABLE', [], '', 502],
        ['UNAVAILABLE', [['proxy_pass http://psyche/;', 'return 503;']], '', 503],
        ['INVALID_OPTION', [], '/../elsewhere', 404],
      ];
      for (const [code, changes, path, status] of cases) {
        await using nginx = await startBehindNginx(nobody, changes);
        const url = `${nginx.plainUrl}${path}`;
        const told = { code, message: expect.stringContaining(`answered with HTTP status ${status}`) };
        await using client = connect({ url });
        await expect.poll(() => client.connection.state.error).toMatchObject(told);
        const timeoutMs = code === 'UNAVAILABLE' ? 500 : 60_000;
        const publisher = createPublisher({ url });
        for (const publishing of [client, publisher]) {
          await expect(
            publishing.publish('agent_message', agentMessage(1), { timeoutMs }),
          ).rejects.toMatchObject(told);
        }
        await publisher.close();
        await using running = command({ ...nginx, url: `${nginx.url}${path}` }, ['history']);
        expect(await running.exit()).toMatchObject({
          code: 1,
          stderr: expect.stringContaining(`HTTP status ${status}`),
        });
      }
    });

    test('that passes on no upgrades is named in the error, and calls get through it', async () => {
      await using server = await startBehind();
      await using nginx = await startBehindNginx(server.port, [
        ['proxy_set_header Upgrade $http_upgrade;', ''],
      ]);
      await using client = connect({ url: nginx.plainUrl });
      await expect
        .poll(() => client.connection.state.error?.message)
        .toMatch(/a proxy does not pass on Upgrade and Connection/);
      const publisher = createPublisher({ url: nginx.plainUrl });
      await publisher.publish('agent_message', agentMessage(1));
      await publisher.close();
    });

    test('admits pages of its own name on any port, and neither other pages nor other names', async () => {
      await using server = await startBehind();
      await using nginx = await startBehindNginx(server.port);
      const name = 'events.example.org';
      const status = (host: string, origin?: string) =>
        upgrade(nginx, { headers: { host, ...(origin && { origin }) } });
      expect(await status(name, `https://${name}`)).toBe(101);
      expect(await status(`${name}:8443`, `https://${name}:8443`)).toBe(101);
      expect(await status(`127.0.0.1:${nginx.port}`)).toBe(101);
      expect(await status(`${name}:8443`, `https://${name}`)).toBe(403);
      expect(await status(name, 'https://foreign.example')).toBe(403);
      expect(await status('foreign.example', 'https://foreign.example')).toBe(403);
    });

    test.each([
      ['gives the server the address of each client', {}, 101],
      ['control: counts as one address where it is not trusted', { TRUST_PROXY: '' }, 429],
    ])('%s', async (_, env, other) => {
      await using server = await startBehind({ MAX_CONNECTIONS_PER_ADDRESS: '1', ...env });
      await using nginx = await startBehindNginx(server.port);
      const hold = new AbortController();
      const from = (localAddress: string, headers = {}) =>
        upgrade(nginx, { localAddress, headers }, hold.signal);
      expect(await from('127.0.0.2')).toBe(101);
      expect(await from('127.0.0.2')).toBe(429);
      // What a client says of itself is worth nothing.
      expect(await from('127.0.0.2', { 'x-forwarded-for': '127.0.0.9' })).toBe(429);
      expect(await from('127.0.0.3')).toBe(other);
      hold.abort();
    });
  },
);
