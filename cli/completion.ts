import type { Command, Option } from 'commander';

/** A script that completes a program's commands, options and values of a closed list, made from its definitions. */
export function completionScript(program: Command, shell: string): string {
  if (shell === 'fish') return fish(program);
  // zsh runs completions that were written for bash.
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${bash(program)}` : bash(program);
}

/** The options of a command that help shows. */
function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

/** Texts that may stand in place of a command's first argument. */
function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments[0]?.argChoices ?? [];
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function bash(program: Command): string {
  const name = program.name();
  const flags = (command: Command): string[] => optionsOf(command).flatMap(({ long }) => long ?? []);
  const first = [...program.commands.map((command) => command.name()), ...flags(program)];
  const valued = program.commands.flatMap((command) =>
    optionsOf(command)
      .filter(takesValue)
      .map(({ long, argChoices }) => ({ given: `${command.name()} ${long}`, long, argChoices })),
  );
  const listed = valued.flatMap(({ given, argChoices }) =>
    argChoices ? `    '${given}') words='${argChoices.join(' ')}' ;;` : [],
  );
  const free = new Set(valued.flatMap(({ long, argChoices }) => (argChoices ? [] : `*' ${long}'`)));
  const ofCommand = (command: Command): string => {
    const words = `words='${[...argumentsOf(command), ...flags(command)].join(' ')}'`;
    const isOfFile = command.registeredArguments[0]?.name() === 'file';
    return `    '${command.name()} '*) ${isOfFile ? `if [[ $current == -* ]]; then ${words}; fi` : words} ;;`;
  };
  // With no fitting words, -o default completes names of files.
  return `_psyche_events() {
  local words='' current="\${COMP_WORDS[COMP_CWORD]}" given="\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}"
  if [[ $COMP_CWORD == 1 ]]; then given=''; fi
  case "$given" in
    '') words='${first.join(' ')}' ;;
${listed.join('\n')}
    ${[...free].join('|')}) ;;
${program.commands.map(ofCommand).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _psyche_events ${name}`;
}

/** The condition in fish that no command was given yet. */
const NO_COMMAND = '__fish_use_subcommand';

function fish(program: Command): string {
  const name = program.name();
  const quote = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const complete = (condition: string, what: string): string =>
    `complete -c ${name} -n ${quote(condition)} ${what}`;
  const option = (condition: string, each: Option): string => {
    const value = each.argChoices ? `-x -a ${quote(each.argChoices.join(' '))} ` : '-r ';
    const flag = `-l ${each.long?.slice(2)} ${takesValue(each) ? value : ''}`;
    return complete(condition, `${flag}-d ${quote(each.description)}`);
  };
  const ofCommand = (command: Command): string[] => {
    const isGiven = `__fish_seen_subcommand_from ${command.name()}`;
    const choices = argumentsOf(command);
    return [
      complete(NO_COMMAND, `-f -a ${command.name()} -d ${quote(command.description())}`),
      ...optionsOf(command).map((each) => option(isGiven, each)),
      ...(choices.length > 0 ? [complete(isGiven, `-f -a ${quote(choices.join(' '))}`)] : []),
    ];
  };
  return [
    ...optionsOf(program).map((each) => option(NO_COMMAND, each)),
    ...program.commands.flatMap(ofCommand),
  ].join('\n');
}
