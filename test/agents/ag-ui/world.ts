import type { BaseEvent, RunAgentInput } from '@ag-ui/core';
import {
  type AgUiRunContext,
  agUiRuns,
  ResumableAgent,
  type ResumableAgentConfig,
} from '../../../agents/ag-ui/index.ts';
import { type EventManager, loadConfig, type ServerParts, startServer } from '../../../server/index.ts';
import { catalog } from './viewers.ts';

export type Catalog = typeof catalog;

/** One run of an agent, whose events a test says. */
export class SaidRun implements AsyncIterable<BaseEvent> {
  readonly input: RunAgentInput;
  readonly context: AgUiRunContext;
  readonly #said: BaseEvent[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake = (): void => {};

  constructor(input: RunAgentInput, context: AgUiRunContext) {
    this.input = input;
    this.context = context;
    context.signal.addEventListener('abort', () => this.end());
  }

  say(...events: BaseEvent[]): void {
    this.#said.push(...events);
    this.#wake();
  }

  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BaseEvent> {
    while (true) {
      yield* this.#said.splice(0);
      if (this.#said.length > 0) continue;
      if (this.#end && 'error' in this.#end) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** An agent whose runs a test speaks for, in the order of their requests. */
export class SaidAgent {
  readonly runs: SaidRun[] = [];
  readonly #waiting: ((run: SaidRun) => void)[] = [];
  #taken = 0;

  readonly handler = (input: RunAgentInput, context: AgUiRunContext): SaidRun => {
    const run = new SaidRun(input, context);
    this.runs.push(run);
    this.#waiting.shift()?.(run);
    return run;
  };

  /** The next run, once it is asked for. */
  next(): Promise<SaidRun> {
    const run = this.runs[this.#taken];
    this.#taken += 1;
    return run ? Promise.resolve(run) : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** A server of AG-UI's runs on a real socket, and agents of it. */
export async function agUiServer(parts: Omit<ServerParts<Catalog>, 'catalog'> = {}) {
  const said = new SaidAgent();
  const server = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog, ...parts });
  agUiRuns(server.manager).serve(said.handler);
  const agents: ResumableAgent[] = [];
  return {
    said,
    manager: server.manager as EventManager<Catalog>,
    url: server.url,
    agent(config: Partial<ResumableAgentConfig> = {}): ResumableAgent {
      const agent = new ResumableAgent({ url: server.url, threadId: 't', ...config });
      agents.push(agent);
      return agent;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((agent) => agent.close()));
      await server.close();
    },
  };
}
