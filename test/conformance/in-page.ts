import { type ConformanceReport, conform } from '../../conformance/run.ts';
import { type BuiltPage, buildPage } from '../setup/build-page.ts';
import { type OpenPage, startPageClients } from './page-clients.ts';

/** Ms that a scenario may take on a busy machine, and a browser to start. */
const SCENARIO_MS = 90_000;

/** Builds the page of our client under the harness. */
export const buildSubject = (): Promise<BuiltPage> => buildPage('test/conformance/page', 'production');

/** Runs our client, in a page of a browser, through the scenarios. */
export async function conformInPage(
  page: BuiltPage,
  open: OpenPage,
  { words, ...options }: { words: readonly string[]; only?: readonly string[]; timeoutMs?: number },
): Promise<ConformanceReport> {
  await using clients = await startPageClients(page, open);
  return await conform({ command: clients.command(...words), timeoutMs: SCENARIO_MS, ...options });
}

/** Scenarios that did not pass, and why. */
export function others({ outcomes }: ConformanceReport): string[] {
  return outcomes.flatMap(({ result, scenario, why }) =>
    result === 'passed' ? [] : [`${result} ${scenario}: ${why}`],
  );
}
