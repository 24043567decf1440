import { createRequire } from 'node:module';
import { Argument, Command } from 'commander';
import { examples } from './commands/arguments.ts';
import { addConformanceCommand, addVerifyCommand } from './commands/check-commands.ts';
import { addEventCommands } from './commands/event-commands.ts';
import { addOpenCommands } from './commands/open-commands.ts';
import { addRevokeCommand, addServerCommands } from './commands/server-commands.ts';
import { addTransferCommands } from './commands/transfer-commands.ts';
import { Surroundings } from './surroundings.ts';

/**
 * The command line's definitions. An action imports what it runs when it runs, so that help, version and completion
 * load nothing but commander: a file of commands imports no door, only types and files that import none themselves.
 *
 * @param around what the commands read, print and are told by signals. Default: this process's
 */
export function createProgram(around = new Surroundings()): Command {
  const program = new Command('psyche-events')
    .description('Live, typed events: serve, publish and follow them.')
    .version(version(), '-V, --version', 'print the version')
    .hook('preAction', (_, command) => {
      around.hasToken = command.getOptionValue('token') !== undefined;
    });
  addServerCommands(program, around);
  addEventCommands(program, around);
  addOpenCommands(program, around);
  addTransferCommands(program, around);
  addVerifyCommand(program, around);
  addConformanceCommand(program, around);
  addRevokeCommand(program);
  addCompletionCommand(program, around);
  return program;
}

/** The package's own version; by its name, since the built file and the source have other ways to package.json. */
function version(): string {
  const { version } = createRequire(import.meta.url)('psyche-events/package.json') as { version: string };
  return version;
}

const SHELLS = ['bash', 'zsh', 'fish'];

/** The command that prints what a shell needs to complete the others. */
function addCompletionCommand(program: Command, around: Surroundings): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete commands, options and their values')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `${examples('completion bash >> ~/.bashrc', 'completion fish > ~/.config/fish/completions/psyche-events.fish')}
It completes the command psyche-events: install the package globally, or define an alias of that name.\n`,
    )
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.ts');
      await around.print(completionScript(program, shell));
    });
}
