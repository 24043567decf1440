import type { CDPSession } from 'playwright-core';

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Processor time, µs; what others did on a busy machine meanwhile is not in it. */
  tdur?: number;
  args: { name?: string };
}

/** The processor time of a page's tasks, as Chromium traces it. */
export class TaskTrace {
  readonly #session: CDPSession;
  readonly #longest = new Map<string, number>();
  readonly #mainThreads = new Set<string>();

  constructor(session: CDPSession) {
    this.#session = session;
    session.on('Tracing.dataCollected', ({ value }) => {
      for (const event of value as unknown as TraceEvent[]) this.#take(event);
    });
  }

  async start(): Promise<void> {
    await this.#session.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['toplevel'], excludedCategories: ['*'] },
    });
  }

  /** Resolves when everything since the start is counted. */
  async stop(): Promise<void> {
    const complete = new Promise((resolve) => this.#session.once('Tracing.tracingComplete', resolve));
    await this.#session.send('Tracing.end');
    await complete;
  }

  /** Length of the main thread's longest task in all traces so far, ms. */
  get longestMs(): number {
    if (this.#mainThreads.size === 0) throw new Error('The trace has no main thread of a page.');
    return Math.max(0, ...[...this.#mainThreads].map((thread) => this.#longest.get(thread) ?? 0)) / 1000;
  }

  #take({ name, pid, tid, tdur = 0, args }: TraceEvent): void {
    const thread = `${pid} ${tid}`;
    if (name === 'thread_name' && args.name === 'CrRendererMain') this.#mainThreads.add(thread);
    if (name !== 'ThreadControllerImpl::RunTask') return;
    this.#longest.set(thread, Math.max(tdur, this.#longest.get(thread) ?? 0));
  }
}
