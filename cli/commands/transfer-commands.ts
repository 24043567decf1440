import { type Command, Option } from 'commander';
import type { AnyCatalog, ReplayOptions } from '../../shared/index.ts';
import { type SourceOptions, withSource } from '../sources/with-source.ts';
import type { Surroundings } from '../surroundings.ts';
import {
  examples,
  openingsOption,
  parsePosition,
  parsePositive,
  sinceOption,
  sourceOptions,
  topicOption,
  typesOption,
  withOptions,
} from './arguments.ts';

type Selected = Pick<ReplayOptions<string, AnyCatalog>, 'types' | 'since' | 'openings'> & { topic: string };
type Replayed = Selected &
  Pick<ReplayOptions<string, AnyCatalog>, 'until' | 'speed' | 'maxPauseMs'> & {
    into?: string;
    maxPause?: number;
  };

const THE_BEGINNING = { at: new Date(0).toISOString() };

/** Topics into files, files into topics, and both once more in their own time. */
export function addTransferCommands(program: Command, around: Surroundings): void {
  withOptions(program.command('export'), [
    ...sourceOptions(),
    topicOption(),
    typesOption(),
    sinceOption(),
    openingsOption(),
  ])
    .description('print all that a topic holds as lines of JSON, from which import makes the same events')
    .addHelpText('after', examples('export --topic a > a.jsonl'))
    .action(({ topic, types, since = THE_BEGINNING, openings, ...options }: SourceOptions & Selected) =>
      withSource(options, around, async (source) => {
        const { exportStored } = await import('../events/read.ts');
        await exportStored(source, { topic, types, since, openings }, around);
      }),
    );

  withOptions(program.command('import'), [...sourceOptions(), topicOption()])
    .description(
      'publish what export printed, as it was, but for what is still open; imported again within 5 minutes it is stored once',
    )
    .argument('[file]', 'what export printed (default: the input)')
    .addHelpText('after', examples('import a.jsonl --topic b'))
    .action((file: string | undefined, { topic, ...options }: SourceOptions & { topic: string }) =>
      withSource(options, around, async (source) => {
        const { importLines } = await import('../events/publish.ts');
        await importLines({ source, around, topic }, around.input(file));
      }),
    );

  withOptions(program.command('replay'), [
    ...sourceOptions(),
    topicOption(),
    typesOption(),
    sinceOption(),
    new Option('--until <position>', 'of a topic: a cursor, included, or an ISO 8601 time').argParser(
      parsePosition,
    ),
    new Option('--speed <times>', 'how many times faster than it was').argParser(parsePositive).default(1),
    new Option('--max-pause <seconds>', 'the longest wait between two events').argParser(parsePositive),
    new Option('--into <topic>', 'publish there, as if it happened now (default: print)'),
    openingsOption().conflicts('into'),
  ])
    .description('let a part of a topic, or of a file, happen again in its own time')
    .argument('[file]', 'what export printed (default: the topic); to print it takes no server')
    .addHelpText(
      'after',
      examples(
        'replay --topic run-1 --speed 10 --max-pause 3',
        'replay run-1.jsonl --into demo',
        'replay --topic run-1 --since 2026-01-31T12:00Z --into demo',
      ),
    )
    .action(async (file: string | undefined, { into, maxPause, ...options }: SourceOptions & Replayed) => {
      const { printMoments, publishMoments, replayLines, replayTopic } = await import('../events/replay.ts');
      const { topic, types, since, until, speed, openings } = options;
      const maxPauseMs = maxPause === undefined ? undefined : maxPause * 1000;
      const signal = around.stopSignal();
      const asked = { topic, types, since, until, speed, openings, maxPauseMs, signal };
      // Opened when it is read: an open file that nobody reads fails for nobody.
      const ofFile = file === undefined ? undefined : () => replayLines(around.input(file), asked);
      if (ofFile && into === undefined) return printMoments(ofFile(), around); // it needs no server
      await withSource(options, around, async (source) => {
        const moments = ofFile?.() ?? replayTopic(source, asked, around);
        await (into === undefined
          ? printMoments(moments, around)
          : publishMoments({ source, around, topic: into }, moments));
      });
    });
}
