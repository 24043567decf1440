import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = join(import.meta.dirname, 'vite.config.ts');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');

/** A page's example that runs: its page, and the server that it has started. */
export interface RunningExample extends AsyncDisposable {
  readonly url: string;
}

/**
 * Runs an example's one command; resolves once it has printed its address. It is killed, without a word, at the end.
 * @param options.port default: one that is free
 */
export async function start(
  directory: string,
  { port = 0, env }: { port?: number; env?: Record<string, string> } = {},
): Promise<RunningExample> {
  const vite = spawn(
    process.execPath,
    [VITE, directory, '--config', CONFIG, '--port', String(port), '--strictPort'],
    {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: 'development', VITEST: '', NO_COLOR: '1', EXAMPLE: directory, ...env },
    },
  );
  const ended = once(vite, 'exit');
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk;
      const address = /http:\/\/localhost:\d+/.exec(printed)?.[0];
      if (address) resolve(address);
    };
    vite.stdout.on('data', read);
    vite.stderr.on('data', read);
    vite.once('exit', () => reject(new Error(`The example ended: ${printed}`)));
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      vite.kill('SIGKILL');
      await ended;
    },
  };
}
