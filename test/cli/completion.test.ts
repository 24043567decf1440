import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { completionScript } from '../../cli/completion.ts';
import { createProgram } from '../../cli/program.ts';

/** Completions that bash offers when the tab key is pressed after a line. */
function offered(line: string): string[] {
  const script = `${completionScript(createProgram(), 'bash')}
COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_psyche_events
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' })
    .split('\n')
    .filter((word) => word !== '');
}

test.each([
  ['psyche-events ver', ['verify']],
  ['psyche-events re', ['replay', 'revoke']],
  ['./node_modules/.bin/psyche-events --v', ['--version']],
  ['psyche-events tail --la', ['--last', '--latest-by']],
  ['psyche-events tail --topic a --la', ['--last', '--latest-by']],
  ['psyche-events schema --format ', ['json-schema', 'asyncapi']],
  ['psyche-events completion ', ['bash', 'zsh', 'fish', '--help']],
  // Nothing here: the shell completes names of files.
  ['psyche-events import ', []],
  ['psyche-events serve --data ', []],
  ['psyche-events import --to', ['--token', '--topic']],
  ['psyche-events nothing --', []],
])('bash completes `%s`', (line, words) => {
  expect(offered(line)).toEqual(words);
});

test('every command and option in the help is completed, including new ones', () => {
  const program = createProgram();
  const added = program.command('dream').option('--deep', 'deeper');
  const names = program.commands.map((command) => command.name());
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = completionScript(program, shell);
    for (const name of names) expect(script).toContain(name);
    expect(script).toContain(shell === 'fish' ? '-l deep ' : `'${added.name()} '*) words='--deep --help'`);
  }
});
