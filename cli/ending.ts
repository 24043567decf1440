import { Surroundings } from './surroundings.ts';

/** A reader that has enough, such as `head`, is no error. */
export function endWithReader(): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
}

/** Ends the process with exit code 1 and one line on stderr, once all that was printed is with its reader. */
export function fail(error: unknown, around = new Surroundings()): void {
  around.explain(error);
  process.stdout.write('', () => process.stderr.write('', () => process.exit(1)));
}

/**
 * Fails where Node ends since nothing is left that could happen, and the command waits still, as for a module whose `await` never ends.
 * Node would end with code 0, as if a check had found nothing. @returns tells that the command has done its work
 */
export function failIfUnfinished(): () => void {
  const onBeforeExit = (): void =>
    fail(new Error('The command waits for what never happens, such as an await in a module of a catalog'));
  process.once('beforeExit', onBeforeExit);
  return () => void process.off('beforeExit', onBeforeExit);
}
