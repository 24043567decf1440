import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type * as z from 'zod';
import { Changes } from './changes.ts';
import { type ClientCommand, helloSchema, lineSchema, type ToldError, type ToldItem } from './messages.ts';

/** Ms that a client has to end by itself once its input has ended. */
const END_MS = 2_000;
/** Characters of what a client wrote to stderr that an error quotes. */
const MAX_STDERR = 2_000;
/** Characters of a line that an error quotes. */
const MAX_QUOTED = 300;

type Line = z.infer<typeof lineSchema>;

/** A client's report of one subscription, in order. */
export interface Told {
  readonly items: ToldItem[];
  error: ToldError | null;
}

/** A client under test: a process that is told what to do, and tells what comes, in lines of JSON. */
export class ClientProcess implements AsyncDisposable {
  readonly changes = new Changes();
  /** Subscription → what was told of it. */
  readonly #told = new Map<string, Told>();
  readonly #answers = new Map<number, Line>();
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #hello: z.infer<typeof helloSchema> | undefined;
  #stderr = '';
  #nextId = 1;
  /** Why nothing it says is believed any more. */
  #broken: string | null = null;
  /** True if it gave the connection up, and the close code that it saw. */
  closed: { readonly code: number | null } | null = null;

  private constructor(command: string) {
    // A group of its own, so that what the shell started ends with it.
    this.#child = spawn(command, { shell: true, detached: process.platform !== 'win32' });
    const { stdin, stdout, stderr } = this.#child;
    stdin.on('error', () => {}); // 'close' follows
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
    createInterface({ input: stdout }).on('line', (line) => this.#read(line));
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#break(`it could not be started: ${error.message}`));
      this.#child.once('close', (code, signal) => {
        this.#break(`it ended with ${signal ?? `code ${code}`}`);
        resolve();
      });
    });
  }

  /** Starts a client. @param startMs ms that it has to say hello @throws Error when it does not, or ends */
  static async start(command: string, startMs: number): Promise<ClientProcess> {
    const client = new ClientProcess(command);
    try {
      const signal = AbortSignal.timeout(startMs);
      await client.until(
        'its first line',
        () => client.#hello !== undefined,
        () => 'none',
        signal,
      );
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
    return client;
  }

  get name(): string {
    return this.#hello?.client ?? '';
  }

  get protocol(): number {
    return this.#hello?.protocol ?? 0;
  }

  get capabilities(): readonly string[] {
    return this.#hello?.capabilities ?? [];
  }

  get origin(): string | undefined {
    return this.#hello?.origin;
  }

  /** Its report of a subscription so far. */
  told(subscription: string): Told {
    const told = this.#told.get(subscription) ?? { items: [], error: null };
    this.#told.set(subscription, told);
    return told;
  }

  /** Gives a command without waiting for the answer. @returns what its answer is asked for by */
  give(command: ClientCommand): number {
    const id = this.#nextId++;
    this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    return id;
  }

  /** The answer of a command. @throws Error when none comes before `signal` aborts */
  async answer(id: number, signal: AbortSignal): Promise<{ result: unknown } | { error: ToldError }> {
    await this.until(
      'an answer',
      () => this.#answers.has(id),
      () => 'none',
      signal,
    );
    const line = this.#answers.get(id);
    if (line !== undefined && 'error' in line) return { error: line.error };
    return { result: line !== undefined && 'result' in line ? line.result : undefined };
  }

  /** As {@link Changes.until}; a client that ended, or says what nobody understands, is waited for no longer. */
  until(what: string, holds: () => boolean, describe: () => string, signal: AbortSignal): Promise<void> {
    const look = (): boolean => {
      if (holds()) return true;
      this.requireRunning();
      return false;
    };
    return this.changes.until(what, look, describe, signal);
  }

  /** @throws Error when it ended, or said what nobody understands */
  requireRunning(): void {
    if (this.#broken === null) return;
    throw new Error(`The client failed: ${this.#broken}${this.#stderr && `\n${this.#stderr.trim()}`}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#kill(), END_MS);
    if (this.#child.pid !== undefined) await this.#ended;
    clearTimeout(timer);
  }

  #kill(): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined && process.platform !== 'win32') process.kill(-pid, 'SIGKILL');
      else this.#child.kill('SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }

  #break(why: string): void {
    this.#broken ??= why;
    this.changes.tell();
  }

  #read(text: string): void {
    const said = parse(text);
    if (this.#hello === undefined) {
      const { success, data } = helloSchema.safeParse(said);
      if (success) this.#hello = data;
      else this.#break(`its first line is no hello: ${text.slice(0, MAX_QUOTED)}`);
    } else {
      const { success, data } = lineSchema.safeParse(said);
      if (success) this.#take(data);
      else this.#break(`it said what is no line of the protocol: ${text.slice(0, MAX_QUOTED)}`);
    }
    this.changes.tell();
  }

  #take(line: Line): void {
    if ('closed' in line) this.closed = line.closed;
    else if ('id' in line) this.#answers.set(line.id, line);
    else if ('item' in line) this.told(line.subscription).items.push(line.item);
    else this.told(line.subscription).error = line.error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
