import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hideProgress, Progress } from '../../cli/progress.ts';
import { agentMessage } from '../support/events.ts';
import { MAIN, run, serve } from './command.ts';

describe('Progress', () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'performance'] }),
  );
  afterEach(() => void vi.useRealTimers());

  const terminal = (isTTY = true) => {
    const written: string[] = [];
    return { isTTY, columns: 80, written, write: (text: string) => written.push(text) };
  };

  test('after a second: how many, how fast, how much of it, and how long yet', () => {
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

  test('where the whole is not known it says what is done; what is quick says nothing', () => {
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

  test('nothing of it where it is no terminal', () => {
    const stream = terminal(false);
    {
      using _progress = new Progress(() => 0.5, stream);
      vi.advanceTimersByTime(10_000);
    }
    expect(stream.written).toEqual([]);
  });
});

describe('on a terminal, as script(1) makes one', { timeout: 120_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-progress-'));
  const out = join(directory, 'out');
  const file = join(directory, 'in.jsonl');
  afterEach(() => rmSync(out, { force: true }));

  /** What a command writes to its terminal, its output going to a file. */
  const onTerminal = (args: readonly string[]): string =>
    execFileSync(
      'script',
      ['-qec', `'${process.execPath}' '${MAIN}' ${args.join(' ')} > ${out}`, '/dev/null'],
      {
        encoding: 'utf8',
      },
    );

  test('replay of a file and of a topic, and verify, tell how far they are, and their output is whole', async () => {
    await using server = await serve();
    const at = ['--url', server.url];
    const event = (n: number) => ({
      cursor: `a:${n + 1}`,
      event_type: 'agent_message',
      timestamp: new Date(n * 500).toISOString(),
      data: agentMessage(n),
    });
    writeFileSync(file, [0, 1, 2, 3, 4].map((n) => `${JSON.stringify(event(n))}\n`).join(''));
    const replayed = onTerminal(['replay', file, ...at]);
    expect(replayed).toMatch(/\d events, \d+\/s, \d+ %, \d+ s left/);
    expect(replayed).toMatch(/5 events, \d+\/s in \d+ s\r?\n$/);
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(5);

    await run(['import', file, '--topic', 'a', ...at]);
    expect(onTerminal(['replay', '--topic', 'a', ...at])).toMatch(/\d events, \d+\/s, \d+ %, \d+ s left/);
    const small = ['--publishers', '1', '--subscribers', '1', '--seconds', '3', '--rate', '20', '--json'];
    expect(onTerminal(['verify', ...small, ...at])).toMatch(/\d+ events, \d+\/s, \d+ %, \d s left/);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ silent: 0 });

    // Control: in a pipe there is nothing of it.
    const piped = await run(['replay', file, ...at]);
    expect(piped.stderr).toBe('');
    expect(piped.stdout.trim().split('\n')).toHaveLength(5);
    rmSync(directory, { recursive: true });
  });
});
