/** Ends the process with exit code 1 and one line on stderr. */
export function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`psyche-events: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
  process.exit(1);
}
