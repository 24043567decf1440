import { PROTOCOL_VERSION } from '../shared/index.ts';
import { ClientProcess } from './client-process.ts';
import { CAPABILITIES, type Capability } from './messages.ts';
import type { Scenario } from './scenario.ts';
import { openEvents } from './scenarios/open-events.ts';
import { owning } from './scenarios/owning.ts';
import { publishing } from './scenarios/publishing.ts';
import { refusals } from './scenarios/refusals.ts';
import { resuming } from './scenarios/resuming.ts';
import { slow } from './scenarios/slow.ts';
import { streams } from './scenarios/streams.ts';
import { Scene } from './scene.ts';

const SCENARIOS: readonly Scenario[] = [
  ...[streams, resuming, publishing, refusals, slow, openEvents, owning].flat(),
];

export interface ConformanceOptions {
  /** Starts the client; a line for the shell. */
  readonly command: string;
  /** Only scenarios whose name holds one of these texts. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Ms that a scenario may take, and the client to say hello. Default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Called with each outcome as it comes. Default: nothing. */
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
  /** Ends the run after the scenario that runs. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a scenario. */
export interface Outcome {
  readonly scenario: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Why it failed, or which capabilities the client does not have. */
  readonly why?: string;
}

export interface ConformanceReport {
  /** As the client names itself. */
  readonly client: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Scenarios that a signal left no time for. */
  readonly notRun: number;
  readonly outcomes: readonly Outcome[];
}

/**
 * Runs a client through the scenarios, each with a server of its own on loopback.
 * @throws Error when the client cannot be started, or does not know its protocol; TypeError when `only` names none
 */
export async function conform(options: ConformanceOptions): Promise<ConformanceReport> {
  const { command, only, timeoutMs = 30_000, onOutcome, signal } = options;
  const scenarios = SCENARIOS.filter(({ name }) => only?.some((text) => name.includes(text)) ?? true);
  if (scenarios.length === 0)
    throw new TypeError(
      `No scenario has ${only?.join(' or ')} in its name. Run without --only to see all names.`,
    );
  let client = await ClientProcess.start(command, timeoutMs);
  const outcomes: Outcome[] = [];
  try {
    if (client.protocol !== PROTOCOL_VERSION) {
      throw new Error(
        `The client speaks version ${client.protocol} of the protocol; this runner tests ${PROTOCOL_VERSION}`,
      );
    }
    const unknown = client.capabilities.filter((name) => !(name in CAPABILITIES));
    if (unknown.length > 0) {
      throw new Error(
        `There is no capability ${unknown.join(', ')}. The capabilities are ${Object.keys(CAPABILITIES).join(', ')}`,
      );
    }
    for (const scenario of scenarios) {
      if (signal?.aborted) break;
      const outcome = await runOne(scenario, client, timeoutMs);
      outcomes.push(outcome);
      onOutcome?.(outcome);
      if (outcome.result !== 'failed') continue;
      // Its leavings must not be the next one's trouble.
      await client[Symbol.asyncDispose]();
      client = await ClientProcess.start(command, timeoutMs);
    }
  } finally {
    await client[Symbol.asyncDispose]();
  }
  const count = (result: Outcome['result']): number =>
    outcomes.filter((each) => each.result === result).length;
  return {
    ...{ client: client.name, outcomes },
    ...{ passed: count('passed'), failed: count('failed'), skipped: count('skipped') },
    notRun: scenarios.length - outcomes.length,
  };
}

async function runOne(scenario: Scenario, client: ClientProcess, timeoutMs: number): Promise<Outcome> {
  const { name, needs = [], stage = {} } = scenario;
  const lacks = needs.filter((capability: Capability) => !client.capabilities.includes(capability));
  if (lacks.length > 0) return { scenario: name, result: 'skipped', why: `not stated: ${lacks.join(', ')}` };
  try {
    await using scene = await Scene.open(client, stage, AbortSignal.timeout(timeoutMs));
    await scenario.run(scene);
    return { scenario: name, result: 'passed' };
  } catch (error) {
    return { scenario: name, result: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}
