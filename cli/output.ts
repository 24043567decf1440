import { once } from 'node:events';
import { hideProgress } from './progress.ts';

const { stdout } = process;

/** True where the output is read by a person. */
export const isTerminal = stdout.isTTY === true;

/** Writes a line, and waits for a reader that is slower than we are. */
export async function print(line: string): Promise<void> {
  if (isTerminal) hideProgress();
  if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
}

/** Writes a line for people, beside the output. */
export function note(text: string): void {
  hideProgress();
  process.stderr.write(`psyche-events: ${text}\n`);
}

/** A reader that has enough, such as `head`, is no error. */
export function endWithReader(): void {
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
}

/** Ends the process with exit code 1 and one line on stderr. */
export function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`psyche-events: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
  process.exit(1);
}
