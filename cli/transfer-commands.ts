import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import type { AnyCatalog, ReplayOptions } from '../shared/index.ts';
import {
  accessOptions,
  examples,
  parsePosition,
  parsePositive,
  sinceOption,
  topicOption,
  typesOption,
  withOptions,
} from './arguments.ts';
import { importLines } from './publish.ts';
import { history } from './read.ts';
import { printMoments, publishMoments, replayLines, replayTopic } from './replay.ts';
import { type AccessOptions, withAccess } from './with-access.ts';

type Selected = Pick<ReplayOptions<string, AnyCatalog>, 'types' | 'since'> & { topic: string };
type Replayed = Selected &
  Pick<ReplayOptions<string, AnyCatalog>, 'until' | 'speed' | 'maxPauseMs'> & {
    into?: string;
    maxPause?: number;
  };

const THE_BEGINNING = { at: new Date(0).toISOString() };

/** Topics into files, files into topics, and both once more in their own time. */
export function addTransferCommands(program: Command): void {
  withOptions(program.command('export'), [...accessOptions(), topicOption(), typesOption(), sinceOption()])
    .description('print all that a topic holds as lines of JSON, from which import makes the same events')
    .addHelpText('after', examples('export --topic a > a.jsonl'))
    .action(({ topic, types, since = THE_BEGINNING, ...options }: AccessOptions & Selected) =>
      withAccess(options, (access) => history(access, { topic, types, since })),
    );

  withOptions(program.command('import'), [...accessOptions(), topicOption()])
    .description(
      'publish what export printed, as it was; what is imported again within 5 minutes is stored once',
    )
    .argument('[file]', 'what export printed (default: the input)')
    .addHelpText('after', examples('import a.jsonl --topic b'))
    .action((file: string | undefined, { topic, ...options }: AccessOptions & { topic: string }) =>
      withAccess(options, (access) => importLines({ access, topic }, bytesOf(file))),
    );

  withOptions(program.command('replay'), [
    ...accessOptions(),
    topicOption(),
    typesOption(),
    sinceOption(),
    new Option('--until <position>', 'of a topic: a cursor, included, or an ISO 8601 time').argParser(
      parsePosition,
    ),
    new Option('--speed <times>', 'how many times faster than it was').argParser(parsePositive).default(1),
    new Option('--max-pause <seconds>', 'the longest wait between two events').argParser(parsePositive),
    new Option('--into <topic>', 'publish there, as if it happened now (default: print)'),
  ])
    .description('let a part of a topic, or of a file, happen again in its own time')
    .argument('[file]', 'what export printed (default: the topic)')
    .addHelpText(
      'after',
      examples(
        'replay --topic run-1 --speed 10 --max-pause 3',
        'replay run-1.jsonl --into demo',
        'replay --topic run-1 --since 2026-01-31T12:00Z --into demo',
      ),
    )
    .action((file: string | undefined, { into, maxPause, ...options }: AccessOptions & Replayed) =>
      withAccess(options, async (access) => {
        const end = new AbortController();
        const stop = (): void => end.abort();
        process.once('SIGINT', stop).once('SIGTERM', stop);
        const { topic, types, since, until, speed } = options;
        const maxPauseMs = maxPause === undefined ? undefined : maxPause * 1000;
        const asked = { topic, types, since, until, speed, maxPauseMs, signal: end.signal };
        const moments = file === undefined ? replayTopic(access, asked) : replayLines(bytesOf(file), asked);
        await (into === undefined ? printMoments(moments) : publishMoments({ access, topic: into }, moments));
      }),
    );
}

function bytesOf(file: string | undefined): AsyncIterable<Buffer> {
  return file === undefined ? process.stdin : createReadStream(file);
}
