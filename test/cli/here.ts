import { Readable, Writable } from 'node:stream';
import { CommanderError } from 'commander';
import { createProgram } from '../../cli/program.ts';
import { type Streams, Surroundings } from '../../cli/surroundings.ts';
import { linesOf, type PrintedLine, type Result } from './command.ts';

/**
 * A command that runs in the process of the test, from source, with streams and a signal of its own: most of the CPU of
 * a `RunningCommand` is the start of its process. Each command has a test as a process too. It ends with the test.
 */
export class CommandHere implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #ended: Promise<number>;
  stdout = '';
  stderr = '';

  /**
   * @param input what it reads
   * @param isTTY true to have its stderr taken for a terminal
   * @param isRead true to have its output taken for one
   */
  constructor(
    args: readonly string[],
    input = '',
    { isTTY = false, isRead = false }: { isTTY?: boolean; isRead?: boolean } = {},
  ) {
    const streams = {
      stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
      stdout: Object.assign(
        writable((text) => {
          this.stdout += text;
        }),
        { isTTY: isRead },
      ),
      stderr: Object.assign(
        writable((text) => {
          this.stderr += text;
        }),
        { isTTY },
      ),
    };
    this.#ended = this.#run(args, streams);
  }

  get lines(): PrintedLine[] {
    return linesOf(this.stdout);
  }

  /** As SIGTERM and SIGINT do. */
  interrupt(): void {
    this.#stop.abort();
  }

  async exit(): Promise<Result> {
    return { code: await this.#ended, stdout: this.stdout, stderr: this.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.interrupt();
    await this.#ended;
  }

  async #run(args: readonly string[], streams: Streams): Promise<number> {
    const around = new Surroundings(streams, () => this.#stop.signal);
    const program = createProgram(around);
    for (const command of [program, ...program.commands]) {
      command.exitOverride().configureOutput({
        writeOut: (text) => streams.stdout.write(text),
        writeErr: (text) => streams.stderr.write(text),
      });
    }
    try {
      await program.parseAsync(args, { from: 'user' });
      return around.exitCode;
    } catch (error) {
      if (error instanceof CommanderError) return error.exitCode; // it has told why
      around.explain(error);
      return 1;
    }
  }
}

/** Runs a command in this process, to its end. */
export async function runHere(args: readonly string[], input = ''): Promise<Result> {
  return new CommandHere(args, input).exit();
}

function writable(take: (text: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      take(text);
      done();
    },
  });
}
