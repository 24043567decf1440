import { expect } from 'vitest';
import type { ServerOptions } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';
import { serve } from '../cli/command.ts';
import { isLong } from './chaos.ts';

export interface Node extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** As an operator does: asks it to stop, and waits until it is gone. */
  stop(): Promise<void>;
}

type NodeOptions = Pick<ServerOptions, 'redisUrl' | 'redisPrefix' | 'drainMs'>;

/** A server; in the long form a process of its own. */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  return isLong ? startProcess(options) : startHere(options);
}

async function startHere(options: NodeOptions): Promise<Node> {
  const { url, port, close } = await startTestServer(options);
  return { url, port, stop: close, [Symbol.asyncDispose]: close };
}

async function startProcess({ redisUrl, redisPrefix, drainMs }: NodeOptions): Promise<Node> {
  const env = {
    ...(redisPrefix !== undefined && { REDIS_PREFIX: redisPrefix }),
    ...(drainMs !== undefined && { DRAIN_MS: String(drainMs) }),
  };
  const server = await serve(redisUrl ? ['--redis', redisUrl] : [], env);
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    async stop() {
      server.command.child.kill('SIGTERM');
      expect((await server.command.exit()).code).toBe(0);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
