import type { ChildProcess } from 'node:child_process';

/** Functions that a process of the bench offers: one argument at most, structured-cloneable both ways. */
export type Commands = Record<string, (argument: never) => unknown>;

/** The same commands, as the process that asks sees them. */
export type Remote<C> = {
  [K in keyof C]: C[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

interface Request {
  readonly call: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Reply {
  readonly call: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers commands of the parent process until it goes away. */
export function expose(commands: Commands): void {
  const answer = async ({ call, name, argument }: Request): Promise<Reply> => {
    try {
      const command = commands[name] as ((argument: unknown) => unknown) | undefined;
      if (!command) throw new TypeError(`no command is named ${name}`);
      return { call, result: await command(argument) };
    } catch (error) {
      return { call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (request: Request) => {
    void answer(request).then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit(0));
}

/** Commands of a child process, as methods. A child that exits rejects what was asked of it. */
export function remote<C extends object>(child: ChildProcess, label: string): Remote<C> {
  let calls = 0;
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.call);
    waiting.delete(reply.call);
    if (reply.error === undefined) call?.resolve(reply.result);
    else call?.reject(new Error(`${label}: ${reply.error}`));
  });
  child.on('exit', (code, signal) => {
    for (const call of waiting.values()) call.reject(new Error(`${label} ended (${signal ?? code})`));
    waiting.clear();
  });
  const ask = (name: string, argument: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (child.exitCode !== null || child.signalCode !== null)
        return reject(new Error(`${label} ended (${child.signalCode ?? child.exitCode})`));
      const call = ++calls;
      waiting.set(call, { resolve, reject });
      child.send({ call, name, argument } satisfies Request);
    });
  return new Proxy({} as Remote<C>, {
    get: (_, name) =>
      // A promise would be taken for one that has a method `then`.
      typeof name === 'string' && name !== 'then' ? (argument?: unknown) => ask(name, argument) : undefined,
  });
}
