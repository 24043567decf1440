import { type Command, Option } from 'commander';
import type { ConformanceCommand } from '../conformance.ts';
import type { Surroundings } from '../surroundings.ts';
import type { VerifyCommand } from '../verify.ts';
import { examples, parseCount, parsePositive, parseSeconds, pathOption, withOptions } from './arguments.ts';

const count = (flags: string, description: string, fallback: number): Option =>
  new Option(flags, description).argParser(parseCount).default(fallback);

/** The fault tests' checker, for a deployment. */
export function addVerifyCommand(program: Command, around: Surroundings): void {
  withOptions(program.command('verify'), [
    new Option('--url <url...>', 'the nodes; given several, the load is spread over them').default([
      'http://127.0.0.1:3000',
    ]),
    pathOption(),
    new Option('--token <token>', 'who you are to the server, where it asks').env('PSYCHE_TOKEN'),
    count('--publishers <n>', 'publishers, each with a connection', 4),
    count('--subscribers <n>', 'subscribers, each with a connection', 50),
    new Option('--seconds <s>', 'how long to publish').argParser(parseSeconds).default(30),
    new Option('--rate <n>', 'events a second, all publishers together')
      .argParser(parsePositive)
      .default(100),
    new Option('--json', 'print the report as JSON'),
  ])
    .description('publish to a topic of its own, follow it, and count what was lost, duplicated or reordered')
    .addHelpText(
      'after',
      `${examples(
        'verify --url https://a.example --publishers 4 --subscribers 50 --seconds 30',
        'verify --url http://10.0.0.1:3000 http://10.0.0.2:3000 --rate 1000',
      )}
Kill nodes, Redis or connections meanwhile: every event that was acknowledged has to arrive, once and in order, or be
announced as a gap. The exit code is 1 when one did not. The events are agent_message: a catalog of your own needs it.\n`,
    )
    .action(async (options: VerifyCommand) => {
      const { runVerify } = await import('../verify.ts');
      await runVerify(options, around);
    });
}

/** A test of clients in any language, for those who write one. */
export function addConformanceCommand(program: Command, around: Surroundings): void {
  withOptions(program.command('conformance'), [
    new Option('--cmd <command>', 'starts the client under test, a line for the shell').makeOptionMandatory(),
    new Option('--only <text...>', 'only scenarios whose name holds one of these texts'),
    new Option('--timeout <s>', 'how long a scenario may take, and the client to say hello')
      .argParser(parseSeconds)
      .default(30),
    new Option('--json', 'print the report as JSON'),
  ])
    .description(
      'test a client in any language: each promise that depends on it, with servers of the test’s own',
    )
    .addHelpText(
      'after',
      `${examples(
        "conformance --cmd './my-client'",
        "conformance --cmd 'python3 client.py' --only '[D12]' --timeout 60",
      )}
The client is driven by lines of JSON on its standard input and output: docs/clients.md has them. The exit code is 1 when
a scenario failed, or was not run because of a signal.\n`,
    )
    .action(async (options: ConformanceCommand) => {
      const { runConformance } = await import('../conformance.ts');
      await runConformance(options, around);
    });
}
