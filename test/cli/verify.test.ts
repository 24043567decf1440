import { initTRPC } from '@trpc/server';
import { describe, expect, test } from 'vitest';
import { EventManager, eventProcedures, MemoryBroker } from '../../server/index.ts';
import { transformer } from '../../shared/index.ts';
import { verify } from '../../verify/index.ts';
import { startTestServer } from '../client/test-server.ts';
import { breakBroker } from '../model/logs/broken-broker.ts';
import { startForeignApp } from '../support/foreign-app.ts';
import { dreams } from '../support/foreign-router.ts';
import { RunningCommand, run } from './command.ts';
import { runHere } from './here.ts';

const SMALL = ['--publishers', '2', '--subscribers', '4', '--seconds', '1', '--rate', '100'];

describe('psyche-events verify', () => {
  test('passes for a deployment that keeps its promises while its sockets are cut', async () => {
    await using server = await startTestServer();
    // Long enough that what comes between two cuts is a lot, however slowly the machine connects again.
    const args = ['verify', '--url', server.url, server.url, ...SMALL, '--seconds', '5', '--json'];
    await using command = new RunningCommand(args);
    const cut = setInterval(() => server.drop(), 1_200);
    const { code, stdout, stderr } = await command.exit();
    clearInterval(cut);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
    expect(report.acknowledged).toBeGreaterThan(10);
    const { p50, p99, max } = report.latencyMs;
    expect([0 < p50, p50 <= p99, p99 <= max]).toEqual([true, true, true]);
    expect(report.delivered).toBe(report.acknowledged * 4);
    expect(server.connections).toBeGreaterThan(6);
  });

  test('control: fails for a deployment that loses events in silence', async () => {
    const manager = new EventManager({ broker: breakBroker(new MemoryBroker(), 'drops') });
    await using server = await startTestServer({ manager });
    const { code, stdout } = await run(['verify', '--url', server.url, ...SMALL]);
    expect(stdout).toMatch(/verdict +VIOLATED/);
    expect(code).toBe(1);
  });

  test('says which event it needs where a catalog has others alone', async () => {
    const manager = new EventManager({ catalog: dreams, broker: new MemoryBroker() });
    await using server = await startTestServer({ manager });
    const ours = await runHere(['verify', '--url', server.url, ...SMALL]);
    const t = initTRPC.create({ transformer });
    await using app = await startForeignApp(t.router({ events: eventProcedures(manager, t.procedure) }));
    const foreign = await runHere(['verify', '--url', app.url, '--path', 'events', ...SMALL]);
    for (const { code, stderr } of [ours, foreign]) {
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /agent_message".*verify publishes and follows agent_message.*psycheEvents\.schemas/,
      );
    }
  });

  test('exits with an error for an invalid address', async () => {
    const { code, stderr } = await runHere(['verify', '--url', 'nonsense', ...SMALL]);
    expect(code).toBe(1);
    expect(stderr).toContain('--url must be a URL');
  });

  test('reports the status of an address where no tRPC answers, without waiting', async () => {
    await using server = await startTestServer({
      intercept: (_req, res) => {
        res.writeHead(404, { 'content-type': 'text/html' }).end('<p>');
        return true;
      },
    });
    for (const command of [['history'], ['tail'], ['publish', 'agent_message', '{}']]) {
      const { code, stderr } = await runHere([...command, '--url', `${server.url}/elsewhere`]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/elsewhere\/trpc answered with HTTP status 404/);
    }
  });

  test('reports how far the subscribers came, and why, when they do not become ready', async () => {
    let admitted = 0;
    await using server = await startTestServer({ admit: () => ++admitted <= 3 });
    const size = { publishers: 1, subscribers: 4, seconds: 1, perSecond: 100 };
    await expect(verify({ urls: [server.wsUrl], topic: 't', ...size, readyMs: 3_000 })).rejects.toMatchObject(
      {
        code: 'UNAVAILABLE',
        message: expect.stringMatching(
          /^After 3 s, of 4 subscribers 3 are connected and 3 have subscribed; (ws:\S+ cannot be reached. )?No connection: ./,
        ),
      },
    );
  });
});
