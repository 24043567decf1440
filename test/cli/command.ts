import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

export const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** An event as the commands print it. */
export interface PrintedLine {
  event_type: string;
  cursor: string;
  data: unknown;
  topic?: string;
  open?: { id: string; state: string };
}

export function linesOf(stdout: string): PrintedLine[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Values as the lines of JSON that a command reads. */
export function jsonl(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** A running `psyche-events …`, as it was built; killed when the test ends. */
export class RunningCommand implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<unknown>;
  stdout = '';
  stderr = '';

  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    [file, ...before]: readonly [string, ...string[]] = [process.execPath, MAIN],
  ) {
    if (!existsSync(MAIN)) throw new Error('The tests of the command run what was built: npm run build');
    this.child = spawn(file, [...before, ...args], { env: { ...process.env, ...env } });
    this.#exited = once(this.child, 'close');
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk;
    });
    this.child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
  }

  get lines(): PrintedLine[] {
    return linesOf(this.stdout);
  }

  async exit(): Promise<Result> {
    await this.#exited;
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Runs a command as a process, to its end; `runHere` does it in this one for a tenth of the CPU. */
export async function run(
  args: readonly string[],
  input = '',
  env?: Record<string, string>,
): Promise<Result> {
  await using command = new RunningCommand(args, env);
  command.child.stdin.end(input);
  return await command.exit(); // before it is killed
}

/** `serve` on a free port; it publishes nothing by itself. */
export async function serve(
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<{ command: RunningCommand; url: string } & AsyncDisposable> {
  const command = new RunningCommand(['serve', '--port', '0', '--simulation', 'off', ...args], env);
  try {
    await expect
      .poll(() => command.stdout + command.stderr, { timeout: 30_000 })
      .toContain('listening at http://');
  } catch (error) {
    await command[Symbol.asyncDispose](); // the caller has nothing to dispose of
    throw error;
  }
  const [url = ''] = /(?<=listening at )http:\/\/[0-9.:]+/.exec(command.stdout) ?? [];
  return { command, url, [Symbol.asyncDispose]: () => command[Symbol.asyncDispose]() };
}
