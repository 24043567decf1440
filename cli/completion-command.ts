import { Argument, type Command } from 'commander';
import { examples } from './arguments.ts';
import { print } from './output.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

/** The shell's side of the command line: what the tab key offers. */
export function addCompletionCommand(program: Command): void {
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
      await print(completionScript(program, shell));
    });
}
