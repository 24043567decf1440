import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addCompletionCommand } from './completion-command.ts';
import { addConformanceCommand } from './conformance-command.ts';
import { addEventCommands } from './event-commands.ts';
import { addRevokeCommand } from './revoke-command.ts';
import { addServerCommands } from './server-commands.ts';
import { addTransferCommands } from './transfer-commands.ts';
import { addVerifyCommand } from './verify-command.ts';

/**
 * The command line's definitions. An action imports what it runs when it runs, so that help, version and completion
 * load nothing but commander: a file of commands imports no door, only types and files that import none themselves.
 */
export function createProgram(): Command {
  const program = new Command('psyche-events')
    .description('Live, typed events: serve, publish and follow them.')
    .version(version(), '-V, --version', 'print the version');
  addServerCommands(program);
  addEventCommands(program);
  addTransferCommands(program);
  addVerifyCommand(program);
  addConformanceCommand(program);
  addRevokeCommand(program);
  addCompletionCommand(program);
  return program;
}

/** The package's own version; by its name, since the built file and the source have other ways to package.json. */
function version(): string {
  const { version } = createRequire(import.meta.url)('psyche-events/package.json') as { version: string };
  return version;
}
