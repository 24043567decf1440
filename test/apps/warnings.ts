/** Warnings that are not about this package, each with whose they are. */
const OF_OTHERS: readonly RegExp[] = [
  /^npm warn deprecated (?!psyche-events)/, // of a framework's own dependencies
];

const WARNS = /\bwarn|warning|deprecat|EBADENGINE|ERESOLVE|MaxListeners|\binvalid\b|UNMET/i;

/** The lines of an output that warn of something: of an install, a build, a program. */
export function warningsIn(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => WARNS.test(line) && !OF_OTHERS.some((other) => other.test(line)));
}
