import { conform, type Outcome } from '../conformance/index.ts';
import type { Surroundings } from './surroundings.ts';

const MS_PER_SECOND = 1000;

/** As commander hands over the command's options. */
export interface ConformanceCommand {
  cmd: string;
  only?: string[];
  timeout: number;
  json?: boolean;
}

/** Tests a client, prints what came of each scenario, and makes one that failed, or was not run, the exit code 1. */
export async function runConformance(
  { cmd, only, timeout, json }: ConformanceCommand,
  around: Surroundings,
): Promise<void> {
  const report = await conform({
    ...{ command: cmd, only, timeoutMs: Math.ceil(timeout * MS_PER_SECOND), signal: around.stopSignal() },
    onOutcome: (outcome) => {
      if (!json) void around.print(toRow(outcome));
    },
  });
  const { client, passed, failed, skipped, notRun } = report;
  const rest = notRun > 0 ? `, ${notRun} not run` : '';
  await around.print(
    json
      ? JSON.stringify(report)
      : `\n${client}: ${passed} passed, ${failed} failed, ${skipped} skipped${rest}`,
  );
  around.exitCode = failed + notRun > 0 ? 1 : 0;
}

function toRow({ result, scenario, why }: Outcome): string {
  const [first, ...more] = (why ?? '').split('\n');
  const indented = more.map((line) => `\n         ${line}`).join('');
  return `${result.padEnd(7)}  ${scenario}${first && `\n         ${first}${indented}`}`;
}
