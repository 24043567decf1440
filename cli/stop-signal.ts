/** The signals that end a command in order. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Ms within which a second signal is taken for the first one: npm passes on the Ctrl-C that the terminal sends us too. */
const ECHO_MS = 500;

/** Calls `stop` at SIGTERM or SIGINT; a second signal ends the process at once. */
export function onStopSignal(stop: () => void): void {
  let stoppingSince: number | undefined;
  const onSignal = (): void => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now();
      stop();
    } else if (performance.now() - stoppingSince > ECHO_MS) {
      process.exit(1);
    }
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
}

/** A signal that aborts at SIGTERM or SIGINT, for what ends in order then; a second one ends the process as {@link onStopSignal} has it. */
export function stopSignal(): AbortSignal {
  const end = new AbortController();
  onStopSignal(() => end.abort());
  return end.signal;
}
