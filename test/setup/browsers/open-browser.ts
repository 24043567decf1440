import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Ends a browser. */
export type CloseBrowser = () => Promise<void>;

/**
 * Starts a browser that is nobody's to drive: the page that it is given does its work by itself.
 * @param commandIn the command, in an empty directory that is its home
 */
export async function openBrowser(
  commandIn: (home: string) => readonly [bin: string, ...args: string[]],
  env: Record<string, string>,
): Promise<CloseBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'psyche-browser-'));
  const [bin, ...args] = commandIn(home);
  const child = spawn(bin, args, {
    detached: true, // with its own children a group, which ends together
    env: { ...process.env, ...env, HOME: home, XDG_RUNTIME_DIR: home },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const kill = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  return async () => {
    kill('SIGTERM');
    const stubborn = setTimeout(() => kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(stubborn);
    kill('SIGKILL'); // those that outlast it
    await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}
