import { type Command, Option } from 'commander';
import { type ServerOptions, withServer } from '../sources/with-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { catalogOption, examples, serverOptions, withOptions } from './arguments.ts';

/** A server, and what is asked of one that is not an event. */
export function addServerCommands(program: Command, around: Surroundings): void {
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
    .action(
      async ({
        host,
        port,
        redis,
        data,
        simulation,
        workers,
        logLevel,
      }: Record<string, string | undefined>) => {
        const { serve } = await import('../serve/serve.ts');
        await serve({
          ...process.env,
          HOST: host,
          PORT: port,
          REDIS_URL: redis,
          DATA: data,
          SIMULATION: simulation,
          WORKERS: workers,
          LOG_LEVEL: logLevel,
        });
      },
    );

  withOptions(program.command('stats'), serverOptions())
    .description('print what a server did since it started, as JSON')
    .addHelpText('after', examples('stats', 'stats | jq .published'))
    .action((options: ServerOptions) =>
      withServer(options, around, async (server) =>
        around.print(JSON.stringify(await server.stats(), null, 2)),
      ),
    );

  program
    .command('schema')
    .description(
      'print the events for programs in other languages: JSON Schema, or AsyncAPI 3 with the ways in and out',
    )
    .addOption(
      new Option('--format <format>', 'which document')
        .choices(['json-schema', 'asyncapi'])
        .default('json-schema'),
    )
    .addOption(new Option('--url <url>', 'the server whose events they are').conflicts('catalog'))
    .addOption(catalogOption())
    .addOption(
      new Option(
        '--check <where>',
        'a server, a Redis, a log file, or what schema has printed into one: name each event there that the catalog cannot read, and exit with 1',
      ).conflicts(['url', 'diff']),
    )
    .addOption(
      new Option(
        '--diff <where>',
        'a server, a Redis, a log file, or what schema has printed into one: print what has changed from its events to the catalog’s',
      ).conflicts('url'),
    )
    .addHelpText(
      'after',
      `${examples(
        'schema > events.schema.json',
        'schema --url https://a.example/events --format asyncapi',
        'schema --catalog ./dist/events.js --check https://a.example/events',
        'schema --catalog ./dist/events.js --check redis://127.0.0.1:6379',
        'schema --catalog ./dist/events.js --diff ./psyche.db',
        'schema --catalog ./dist/events.js --check ./released.schema.json',
      )}
--check compares the schemas with those of a server or of a printed document, and validates every record of a log. It writes nothing. A log file must
not be open in a server: check the server then.\n`,
    )
    .action(async (options: SchemaFlags) => {
      const { check, diff, catalog } = options;
      if (check !== undefined) await (await import('../schema/check.ts')).checkSchema(check, catalog, around);
      else if (diff !== undefined)
        await (await import('../schema/diff.ts')).diffSchema(diff, catalog, around);
      else await (await import('../schema/print.ts')).printSchema(options, around);
    });
}

/** As commander hands over the options of `schema`. */
interface SchemaFlags {
  format: string;
  url?: string;
  catalog?: string;
  check?: string;
  diff?: string;
}

/** Sends a subject away from all servers of a Redis. */
export function addRevokeCommand(program: Command): void {
  program
    .command('revoke')
    .argument('<subject>', 'the sub of its tokens, or the id of its API key')
    .addOption(
      new Option('--redis <url>', 'the Redis that the servers share').env('REDIS_URL').makeOptionMandatory(),
    )
    .description(
      'cut a subject off at once, on every server of a Redis, and refuse its tokens that were issued until now',
    )
    .addHelpText('after', examples('revoke alice --redis redis://127.0.0.1:6379'))
    .action(async (subject: string, { redis }: { redis: string }) => {
      const { revoke } = await import('../sources/redis-source.ts');
      await revoke(subject, redis);
    });
}
