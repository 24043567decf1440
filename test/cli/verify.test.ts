import { describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { startTestServer } from '../client/test-server.ts';
import { breakBroker } from '../model/broken-broker.ts';
import { RunningCommand, run } from './command.ts';

const SMALL = ['--publishers', '2', '--subscribers', '4', '--seconds', '1', '--rate', '100'];

describe('psyche-events verify', { timeout: 60_000 }, () => {
  test('a deployment that keeps its promises, its sockets cut meanwhile', async () => {
    await using server = await startTestServer();
    await using command = new RunningCommand(['verify', '--url', server.url, server.url, ...SMALL, '--json']);
    const cut = setInterval(() => server.drop(), 300);
    const { code, stdout, stderr } = await command.exit();
    clearInterval(cut);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
    expect(report.acknowledged).toBeGreaterThan(10);
    expect(report.delivered).toBe(report.acknowledged * 4);
    expect(server.connections).toBeGreaterThan(6);
  });

  test('control: one that loses events in silence is found out', async () => {
    const manager = new EventManager({ broker: breakBroker(new MemoryBroker(), 'drops') });
    await using server = await startTestServer({ manager });
    const { code, stdout } = await run(['verify', '--url', server.url, ...SMALL]);
    expect(stdout).toMatch(/verdict +VIOLATED/);
    expect(code).toBe(1);
  });

  test('a server that is not there, or refuses, is an error', async () => {
    const { code, stderr } = await run(['verify', '--url', 'nonsense', ...SMALL]);
    expect(code).toBe(1);
    expect(stderr).toContain('--url must be a URL');
  });
});
