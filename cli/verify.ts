import { randomUUID } from 'node:crypto';
import { isViolated, type VerifyReport, verify } from '../verify/index.ts';
import { trpcUrl } from './sources/server-source.ts';
import type { Surroundings } from './surroundings.ts';

/** As commander hands over the command's options. */
export interface VerifyCommand {
  url: string[];
  path?: string;
  token?: string;
  publishers: number;
  subscribers: number;
  seconds: number;
  rate: number;
  json?: boolean;
}

/** Checks a deployment, prints what came of it, and makes a broken promise the exit code 1. */
export async function runVerify({ json, ...options }: VerifyCommand, around: Surroundings): Promise<void> {
  const report = await check(options, around);
  await around.print(json ? JSON.stringify(report) : toTable(report));
  around.exitCode = isViolated(report) ? 1 : 0;
}

async function check({ url, rate, ...options }: VerifyCommand, around: Surroundings): Promise<VerifyReport> {
  let startedAt: number | undefined;
  const elapsedMs = (): number => (startedAt === undefined ? 0 : performance.now() - startedAt);
  using progress = around.progress(() => elapsedMs() / (options.seconds * 1000));
  return await verify({
    urls: url.map(trpcUrl),
    ...options,
    topic: `verify-${randomUUID()}`,
    perSecond: rate,
    signal: around.stopSignal(),
    onAcknowledged() {
      startedAt ??= performance.now();
      progress.add(1);
    },
  });
}

function toTable(report: VerifyReport): string {
  const { latencyMs } = report;
  const rows: [string, number | string][] = [
    ['acknowledged', report.acknowledged],
    ['refused, tried again', report.refused],
    ['delivered', report.delivered],
    ['lost in silence', report.silent],
    ['lost, announced', report.announced],
    ['gaps', report.gaps],
    ['duplicated', report.duplicated],
    ['reordered', report.reordered],
  ];
  if (latencyMs) {
    for (const [name, ms] of Object.entries(latencyMs)) rows.push([`latency ${name}`, `${ms.toFixed(1)} ms`]);
  }
  if (report.refusal !== null) rows.push(['last refusal', report.refusal]);
  rows.push(['verdict', isViolated(report) ? 'VIOLATED' : 'kept']);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
