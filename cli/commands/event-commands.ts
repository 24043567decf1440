import { type Command, Option } from 'commander';
import type { EraseFlags } from '../events/erase.ts';
import { type SourceOptions, withSource } from '../sources/with-source.ts';
import type { Surroundings } from '../surroundings.ts';
import {
  examples,
  type FollowFlags,
  filterOption,
  followOptions,
  type SelectionFlags,
  selectionOptions,
  sourceOptions,
  toFollowed,
  topicOption,
  toStored,
  typesOption,
  withOptions,
} from './arguments.ts';

/** Events in and out: one by one, as they come, and what is held. */
export function addEventCommands(program: Command, around: Surroundings): void {
  withOptions(program.command('publish'), [...sourceOptions(), topicOption()])
    .description('publish an event, or each line of the input; prints where they are stored')
    .argument('[type]', 'event type; without it, each line of the input is a whole event')
    .argument('[json]', 'data of the event; without it, each line of the input is data of one')
    .addHelpText(
      'after',
      examples(
        `publish system_status '{"health_status":"healthy","performance_metrics":{"cpu_percent":4,"memory_percent":30},"active_agents":0,"error_count":0,"metadata":{}}'`,
        'publish agent_message < messages.jsonl',
        'history --topic a | psyche-events publish --topic b',
      ),
    )
    .action(
      (type: string | undefined, json: string | undefined, options: SourceOptions & { topic: string }) =>
        withSource(options, around, async (source) => {
          const { publishLines, publishOne } = await import('../events/publish.ts');
          const to = { source, around, topic: options.topic };
          if (type !== undefined && json !== undefined) await publishOne(to, type, json);
          else await publishLines(to, type, around.input());
        }),
    );

  withOptions(program.command('tail'), [...sourceOptions(), ...followOptions()])
    .description('print events as they come; lines of JSON in a pipe')
    .addHelpText(
      'after',
      examples(
        'tail --types agent_message --last 20',
        'tail --topic run-1 | jq -r .data.message',
        "tail --topic 'run-*' --types agent_message --every 500 --latest-by agent_id",
      ),
    )
    .action((options: SourceOptions & FollowFlags) =>
      withSource(options, around, async (source) => {
        const { tail } = await import('../events/read.ts');
        await tail(source, toFollowed(options), around);
      }),
    );

  withOptions(program.command('history'), [...sourceOptions(), ...selectionOptions()])
    .description('print what a topic holds as lines of JSON: the last 100, or what is asked for')
    .addHelpText(
      'after',
      examples(
        'history --last 1000 --types agent_message',
        'history --since 2026-01-31T12:00Z',
        `history --filter '{"sentiment.score":{"lt":-0.5}}'`,
      ),
    )
    .action((options: SourceOptions & SelectionFlags) =>
      withSource(options, around, async (source) => {
        const { history } = await import('../events/read.ts');
        await history(source, toStored(options), around);
      }),
    );

  withOptions(program.command('erase'), [
    ...sourceOptions(),
    topicOption(),
    new Option('--cursor <cursor>', 'the event at this cursor').conflicts(['filter', 'types']),
    filterOption(),
    typesOption(),
    new Option('--yes', 'erase them: nothing brings them back'),
  ])
    .description('take events back from the log and from all who have them; prints how many')
    .addHelpText(
      'after',
      examples(
        'erase --topic run-1 --cursor 3f2a9c01d4e8:17 --yes',
        `erase --filter '{"agent_id":"ego"}' --types agent_message --yes`,
      ),
    )
    .action((options: SourceOptions & EraseFlags) =>
      withSource(options, around, async (source) => {
        const { erase } = await import('../events/erase.ts');
        await erase(source, options, around);
      }),
    );
}
