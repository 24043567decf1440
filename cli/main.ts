#!/usr/bin/env node
import { Command, Option } from 'commander';
import {
  accessOptions,
  examples,
  type FollowOptions,
  followOptions,
  type SelectionOptions,
  selectionOptions,
  toFollowed,
  topicOption,
  toSelection,
  withOptions,
} from './arguments.ts';
import { fail } from './fail.ts';
import { endWithReader, print } from './output.ts';
import { publishLines, publishOne } from './publish.ts';
import { history, tail } from './read.ts';
import { addRevokeCommand } from './revoke-command.ts';
import { printSchema, SCHEMA_FORMATS } from './schema.ts';
import { serve } from './serve.ts';
import { addTransferCommands } from './transfer-commands.ts';
import { addVerifyCommand } from './verify-command.ts';
import { type AccessOptions, withAccess } from './with-access.ts';

const program = new Command('psyche-events').description(
  'Live, typed events: serve, publish and follow them.',
);

program
  .command('serve')
  .description('run a server; each option is an environment variable too: docs/operations.md has them all')
  .addOption(new Option('--host <host>', 'where to listen (default: 127.0.0.1)').env('HOST'))
  .addOption(new Option('--port <port>', 'where to listen; 0 takes a free one (default: 3000)').env('PORT'))
  .addOption(new Option('--redis <url>', 'keep events in Redis (default: in memory)').env('REDIS_URL'))
  .addOption(new Option('--data <file>', 'keep events in a file (default: in memory)').env('DATA'))
  .addOption(new Option('--simulation <on|off>', 'run the simulation (default: on)').env('SIMULATION'))
  .addOption(
    new Option('--workers <count>', 'processes behind the port; needs Redis (default: 1)').env('WORKERS'),
  )
  .addOption(
    new Option('--log-level <level>', 'the least level that is logged (default: info)').env('LOG_LEVEL'),
  )
  .addHelpText('after', examples('serve --port 8080 --redis redis://127.0.0.1:6379 --workers 4'))
  .action(({ host, port, redis, data, simulation, workers, logLevel }: Record<string, string | undefined>) =>
    serve({
      ...process.env,
      HOST: host,
      PORT: port,
      REDIS_URL: redis,
      DATA: data,
      SIMULATION: simulation,
      WORKERS: workers,
      LOG_LEVEL: logLevel,
    }),
  );

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
  .action((type: string | undefined, json: string | undefined, options: AccessOptions & { topic: string }) =>
    withAccess(options, async (access) => {
      const to = { access, topic: options.topic };
      if (type !== undefined && json !== undefined) await publishOne(to, type, json);
      else await publishLines(to, type, process.stdin);
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
  .action((options: AccessOptions & FollowOptions) =>
    withAccess(options, async (access) => {
      const end = new AbortController();
      const stop = (): void => end.abort();
      process.once('SIGINT', stop).once('SIGTERM', stop);
      await tail(access, toFollowed(options), end.signal);
    }),
  );

withOptions(program.command('history'), [...accessOptions(), ...selectionOptions()])
  .description('print what a topic holds as lines of JSON: the last 100, or what is asked for')
  .addHelpText(
    'after',
    examples('history --last 1000 --types agent_message', 'history --since 2026-01-31T12:00Z'),
  )
  .action((options: AccessOptions & SelectionOptions) =>
    withAccess(options, (access) => history(access, toSelection(options))),
  );

withOptions(program.command('stats'), accessOptions())
  .description('print what a server did since it started, as JSON')
  .addHelpText('after', examples('stats', 'stats | jq .published'))
  .action((options: AccessOptions) =>
    withAccess(options, async (access) => print(JSON.stringify(await access.stats(), null, 2))),
  );

program
  .command('schema')
  .description(
    'print the events for programs in other languages: JSON Schema, or AsyncAPI 3 with the ways in and out',
  )
  .addOption(new Option('--format <format>', 'which document').choices(SCHEMA_FORMATS).default('json-schema'))
  .addHelpText('after', examples('schema > events.schema.json', 'schema --format asyncapi'))
  .action(({ format }: { format: string }) => printSchema(format));

addTransferCommands(program);
addVerifyCommand(program);
addRevokeCommand(program);

endWithReader();
program.parseAsync().catch(fail);
