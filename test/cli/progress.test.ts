import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hideProgress, Progress } from '../../cli/progress.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { MAIN, RunningCommand } from './command.ts';
import { CommandHere, runHere } from './here.ts';

describe('Progress', () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'performance'] }),
  );
  afterEach(() => void vi.useRealTimers());

  const terminal = (isTTY = true) => {
    const written: string[] = [];
    return { isTTY, columns: 80, written, write: (text: string) => written.push(text) };
  };

  test('shows after a second the count, the rate, the share and the time left', () => {
    const stream = terminal();
    let share = 0;
    {
      using progress = new Progress(() => share, stream);
      progress.add(500);
      vi.advanceTimersByTime(900);
      expect(stream.written).toEqual([]);
      share = 0.25;
      vi.advanceTimersByTime(100);
      expect(stream.written).toEqual(['\r\x1b[K500 events, 500/s, 25 %, 3 s left']);
      vi.advanceTimersByTime(1000);
      // The share did not grow meanwhile, and the time goes by.
      expect(stream.written.at(-1)).toBe('\r\x1b[K500 events, 250/s, 25 %, 2 s left');
      hideProgress();
      expect(stream.written.at(-1)).toBe('\r\x1b[K');
    }
    expect(stream.written.at(-1)).toBe('500 events, 250/s in 2 s\n');
    const { length } = stream.written;
    vi.advanceTimersByTime(10_000);
    expect(stream.written).toHaveLength(length);
  });

  test('shows only the count and the rate where the total is unknown, and nothing for a quick command', () => {
    const stream = terminal();
    {
      using _quick = new Progress(() => undefined, stream);
      vi.advanceTimersByTime(900);
    }
    expect(stream.written).toEqual([]);
    using progress = new Progress(() => undefined, stream);
    progress.add(10);
    vi.advanceTimersByTime(100_000);
    expect(stream.written.at(-1)).toBe('\r\x1b[K10 events, 0/s');
  });

  test('shows nothing where the output is no terminal', () => {
    const stream = terminal(false);
    {
      using _progress = new Progress(() => 0.5, stream);
      vi.advanceTimersByTime(10_000);
    }
    expect(stream.written).toEqual([]);
  });
});

/** Lets a command take its stderr, a pipe, for a terminal. */
const AS_TERMINAL = 'data:text/javascript,process.stderr.isTTY=true';
const onTerminal = (args: readonly string[]): RunningCommand =>
  new RunningCommand(args, {}, [process.execPath, '--import', AS_TERMINAL, MAIN]);

describe('a command on a terminal', { timeout: 120_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-progress-'));
  const file = join(directory, 'in.jsonl');
  afterAll(() => rmSync(directory, { recursive: true }));

  /** Events half a second apart, as export prints them. */
  const exported = (count: number): string =>
    Array.from({ length: count }, (_, n) => {
      const timestamp = new Date(n * 500).toISOString();
      const event = { event_type: 'agent_message', timestamp, data: agentMessage(n) };
      return `${JSON.stringify({ cursor: `a:${n + 1}`, ...event })}\n`;
    }).join('');
  const HOW_FAR = /\d+ events, \d+\/s, \d+ %, \d+ s left/;

  test('replay (of a file or topic) and verify show their progress, but not in a pipe', async () => {
    await using server = await startTestServer();
    const at = ['--url', server.url];
    writeFileSync(file, exported(5));
    await using ofFile = onTerminal(['replay', file, ...at]);
    const { stdout, stderr } = await ofFile.exit();
    expect(stderr).toMatch(HOW_FAR);
    expect(stderr).toMatch(/5 events, \d+\/s in \d+ s\n$/);
    expect(stdout.trim().split('\n')).toHaveLength(5);
    // Control
    expect(await runHere(['replay', file, ...at])).toEqual({ code: 0, stdout, stderr: '' });

    await runHere(['import', file, '--topic', 'a', ...at]);
    await using ofTopic = new CommandHere(['replay', '--topic', 'a', ...at], '', { isTTY: true });
    expect((await ofTopic.exit()).stderr).toMatch(HOW_FAR);
    const small = ['--publishers', '1', '--subscribers', '1', '--seconds', '3', '--rate', '20', '--json'];
    await using verify = new CommandHere(['verify', ...small, ...at], '', { isTTY: true });
    const verified = await verify.exit();
    expect(verified.stderr).toMatch(HOW_FAR);
    expect(JSON.parse(verified.stdout)).toMatchObject({ silent: 0 });
  });

  test('publish from an endless input and export to a slow reader show their progress', async () => {
    await using server = await startTestServer();
    const at = ['--topic', 'a', '--url', server.url];
    await using publish = onTerminal(['publish', ...at]);
    publish.child.stdin.write(exported(3000));
    await expect.poll(() => publish.stderr, { timeout: 60_000 }).toMatch(/3000 events, \d+\/s/);
    publish.child.stdin.end();
    const published = await publish.exit();
    expect(published.stderr).not.toContain('%');
    expect(published.stdout.trim().split('\n')).toHaveLength(3000);

    await using slow = onTerminal(['export', ...at]);
    slow.child.stdout.pause();
    await expect.poll(() => slow.stderr, { timeout: 60_000 }).toContain('0 events');
    slow.child.stdout.resume();
    const { stdout, stderr } = await slow.exit();
    expect(stderr).toMatch(/3000 events, \d+\/s in \d+ s\n$/);
    expect(stdout.trim().split('\n')).toHaveLength(3000);
  });
});
