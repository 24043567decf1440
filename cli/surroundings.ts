import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { InputBytes } from './events/input-bytes.ts';
import { missingPackage } from './missing-package.ts';
import { printable } from './printable.ts';
import { hideProgress, Progress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

/** Streams of a process, or others in their place. */
export interface Streams {
  /** Without a descriptor `fd` its size is not known, as that of a pipe. */
  readonly stdin: Readable & { readonly fd?: number };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
}

/** A command's way to the world: what it reads, prints and is told by signals. Tests run commands with one of their own. */
export class Surroundings {
  readonly #streams: Streams;
  /** A signal that aborts when the command is to end. */
  readonly stopSignal: () => AbortSignal;
  /** The exit code of a command that does its work and finds something wrong. */
  exitCode = 0;
  /** True if the command was given a token. */
  hasToken = false;

  /** @param stop makes the signal that ends a command. Default: at SIGTERM or SIGINT */
  constructor(streams: Streams = process, stop: () => AbortSignal = stopSignal) {
    this.#streams = streams;
    this.stopSignal = stop;
  }

  /** True where the output is read by a person. */
  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** True if somebody sees a line of progress. */
  get isProgressSeen(): boolean {
    return this.#streams.stderr.isTTY === true;
  }

  /** Writes a line, and waits for a reader that is slower than we are. */
  async print(line: string): Promise<void> {
    const { stdout } = this.#streams;
    if (this.isTerminal) hideProgress();
    if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
  }

  /** Writes a line for people, beside the output. */
  note(text: string): void {
    hideProgress();
    this.#streams.stderr.write(`psyche-events: ${printable(text)}\n`);
  }

  /** A line of progress. @param share of the whole, from 0 to 1, that is done; undefined where that is not known */
  progress(share: () => number | undefined): Progress {
    return new Progress(share, this.#streams.stderr);
  }

  /** The bytes of a file, or of the input. @throws Error when there is no such file */
  input(file?: string): InputBytes {
    return new InputBytes(file ?? this.#streams.stdin);
  }

  /** Writes one line on stderr of why the command failed. */
  explain(error: unknown): void {
    const told = missingPackage(error) ?? (error instanceof Error ? error.message : String(error));
    const isUnauthenticated = Reflect.get(Object(error), 'code') === 'UNAUTHENTICATED';
    const advice = this.hasToken
      ? 'the token of --token, or of PSYCHE_TOKEN, was not accepted'
      : 'pass --token, or set PSYCHE_TOKEN';
    const message = isUnauthenticated ? `${told} (${advice})` : told;
    this.#streams.stderr.write(`psyche-events: ${printable(message.replace(/\s*\n\s*/g, ' '))}\n`);
  }
}
