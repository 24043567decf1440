import { Surroundings } from './surroundings.ts';

/** A reader that has enough, such as `head`, is no error. */
export function endWithReader(): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
}

/** Ends the process with exit code 1 and one line on stderr, once all that was printed is with its reader. */
export function fail(error: unknown): void {
  new Surroundings().explain(error);
  process.stdout.write('', () => process.stderr.write('', () => process.exit(1)));
}
