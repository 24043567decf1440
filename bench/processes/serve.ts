import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { serve } from '../../cli/serve/serve.ts';
import { expose, type Remote, remote } from '../harness/rpc.ts';
import { listen } from '../peers/listen.ts';

/** Options of a `psyche-events serve`. */
export interface ServeOptions {
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly workers: number;
}

const { redisUrl, redisPrefix, workers } = JSON.parse(process.argv[2] ?? '') as ServeOptions;

const workerCommands = { cpuMicros: () => process.cpuUsage() };

const commands = {
  /** The port of all of them. */
  url: () => started,
  /** CPU time so far of each process that has clients, in microseconds. */
  cpuMicros: async () => {
    const own = [workerCommands];
    const usages = await Promise.all((workers === 1 ? own : listening).map(({ cpuMicros }) => cpuMicros()));
    return usages.map(({ user, system }) => user + system);
  },
};

export type ServeCommands = typeof commands;

const listening: Remote<typeof workerCommands>[] = [];

/** The command, with this process's port. */
function run(): Promise<void> {
  return serve({
    PORT: process.env['PORT'],
    REDIS_URL: redisUrl,
    REDIS_PREFIX: redisPrefix,
    WORKERS: String(workers),
    SIMULATION: 'off',
    LOG_LEVEL: 'error',
  });
}

async function start(): Promise<string> {
  const url = await freeAddress();
  process.env['PORT'] = new URL(url).port; // workers inherit it
  const allListen = new Promise<void>((resolve) => {
    cluster.on('listening', (worker) => {
      if (listening.push(remote(worker.process, 'worker')) === workers) resolve();
    });
  });
  await run();
  if (workers > 1) await allListen;
  return url;
}

/** The command tells the port it took to its log only, so it gets one. */
async function freeAddress(): Promise<string> {
  const server = createServer();
  const url = await listen(server);
  server.close();
  await once(server, 'close');
  return url;
}

// The command's workers run this file too.
const started = cluster.isWorker ? run().then(() => '') : start();
expose(cluster.isWorker ? workerCommands : commands);
