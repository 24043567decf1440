import type { Command } from 'commander';
import {
  accessOptions,
  examples,
  type FollowFlags,
  followOptions,
  type SelectionFlags,
  selectionOptions,
  toFollowed,
  topicOption,
  toStored,
  withOptions,
} from './arguments.ts';
import { Source } from './source.ts';
import { stopSignal } from './stop-signal.ts';
import { type AccessOptions, withAccess } from './with-access.ts';

/** Events in and out: one by one, as they come, and what is held. */
export function addEventCommands(program: Command): void {
  withOptions(program.command('publish'), [...accessOptions(), topicOption()])
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
      (type: string | undefined, json: string | undefined, options: AccessOptions & { topic: string }) =>
        withAccess(options, async (access) => {
          const { publishLines, publishOne } = await import('./publish.ts');
          const to = { access, topic: options.topic };
          if (type !== undefined && json !== undefined) await publishOne(to, type, json);
          else await publishLines(to, type, new Source());
        }),
    );

  withOptions(program.command('tail'), [...accessOptions(), ...followOptions()])
    .description('print events as they come; lines of JSON in a pipe')
    .addHelpText(
      'after',
      examples(
        'tail --types agent_message --last 20',
        'tail --topic run-1 | jq -r .data.message',
        "tail --topic 'run-*' --types agent_message --every 500 --latest-by agent_id",
      ),
    )
    .action((options: AccessOptions & FollowFlags) =>
      withAccess(options, async (access) => {
        const { tail } = await import('./read.ts');
        await tail(access, toFollowed(options), stopSignal());
      }),
    );

  withOptions(program.command('history'), [...accessOptions(), ...selectionOptions()])
    .description('print what a topic holds as lines of JSON: the last 100, or what is asked for')
    .addHelpText(
      'after',
      examples('history --last 1000 --types agent_message', 'history --since 2026-01-31T12:00Z'),
    )
    .action((options: AccessOptions & SelectionFlags) =>
      withAccess(options, async (access) => {
        const { history } = await import('./read.ts');
        await history(access, toStored(options));
      }),
    );
}
