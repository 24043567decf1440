import { type Command, Option } from 'commander';
import { examples, parsePositive, withOptions } from './arguments.ts';
import type { ConformanceCommand } from './conformance.ts';

/** A test of clients in any language, for those who write one. */
export function addConformanceCommand(program: Command): void {
  withOptions(program.command('conformance'), [
    new Option('--cmd <command>', 'starts the client under test, a line for the shell').makeOptionMandatory(),
    new Option('--only <text...>', 'only scenarios whose name holds one of these texts'),
    new Option('--timeout <s>', 'how long a scenario may take').argParser(parsePositive).default(30),
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
a scenario failed.\n`,
    )
    .action(async (options: ConformanceCommand) => {
      const { runConformance } = await import('./conformance.ts');
      await runConformance(options);
    });
}
