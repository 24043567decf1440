import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger, ServerConfig } from '../../server/index.ts';
import { JsonLogger } from '../../server/telemetry/logger.ts';
import { onStopSignal, STOP_SIGNALS } from '../stop-signal.ts';

/** Tells a worker which one it is. */
const NUMBER = 'PSYCHE_WORKER';
/** Ms until the first worker that died is replaced; twice as long after each further death in a row. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A worker that ran for so many ms did not die of how it starts. */
const SETTLED_MS = 60_000;

/** The number of this worker, from 1; null in a process that is none. */
export function workerNumber(): number | null {
  return cluster.isWorker ? Number(process.env[NUMBER]) : null;
}

/**
 * Runs `config.workers` copies of this process behind one port, and replaces those that die. A signal lets all of them
 * drain; a second one kills them. Ends the process: with 0 if all ended well.
 */
export async function superviseWorkers(config: ServerConfig): Promise<void> {
  const logger = new JsonLogger(config.logLevel, { node: config.nodeName, role: 'primary' });
  const supervisor = new Supervisor(logger);
  process.once('exit', () => supervisor.kill());
  onStopSignal(() => void supervisor.stop().then((code) => process.exit(code)));
  // One first: what keeps it from starting keeps all of them, and is to be said once.
  const listens = await supervisor.start(1);
  if (supervisor.isStopping) return; // whoever stops it ends the process
  if (!listens) process.exit(1);
  for (let number = 2; number <= config.workers; number++) void supervisor.start(number);
}

class Supervisor {
  readonly #logger: Logger;
  readonly #workers = new Map<number, Worker>();
  /** Deaths in a row, by number. */
  readonly #deaths = new Map<number, number>();
  #listens = false;
  #stopping = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Starts a worker, and another one in its place whenever it dies. @returns whether it listens; false if it died before */
  async start(number: number): Promise<boolean> {
    const worker = cluster.fork({ [NUMBER]: number });
    const startedAt = performance.now();
    this.#workers.set(number, worker);
    const listening = new Promise<true>((resolve) => {
      worker.once('listening', () => {
        this.#listens = true;
        this.#logger.info({ worker: number, pid: worker.process.pid }, 'A worker is listening');
        resolve(true);
      });
    });
    const died = new Promise<false>((resolve) => {
      worker.once('exit', (code: number | null, signal: string | null) => {
        this.#workers.delete(number);
        const ranMs = performance.now() - startedAt;
        if (!this.#stopping && this.#listens) this.#replace(number, ranMs, signal ?? code);
        resolve(false);
      });
    });
    return Promise.race([listening, died]);
  }

  /** Lets all workers drain. @returns the exit code: 0 if all of them ended well */
  async stop(): Promise<number> {
    this.#stopping = true;
    this.#logger.info({ workers: this.#workers.size }, 'The workers are stopping');
    const ends = [...this.#workers.values()].map(async (worker) => {
      const exit = once(worker, 'exit');
      worker.process.kill('SIGTERM');
      const [code, signal] = await exit;
      // It dies of such a signal only before it has handlers, and serves nobody. A terminal sends its own to workers too.
      return code === 0 || STOP_SIGNALS.includes(signal);
    });
    const ended = await Promise.all(ends);
    this.#logger.info({}, 'All workers have stopped');
    return ended.every(Boolean) ? 0 : 1;
  }

  kill(): void {
    for (const worker of this.#workers.values()) worker.process.kill('SIGKILL');
  }

  #replace(number: number, ranMs: number, reason: unknown): void {
    const deaths = ranMs > SETTLED_MS ? 0 : (this.#deaths.get(number) ?? 0);
    this.#deaths.set(number, deaths + 1);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** deaths);
    this.#logger.error({ worker: number, reason, pauseMs }, 'A worker died; starting another');
    setTimeout(() => {
      if (!this.#stopping) void this.start(number);
    }, pauseMs);
  }
}
