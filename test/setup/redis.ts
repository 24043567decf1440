import type { TestProject } from 'vitest/node';
import { startRedis } from './redis-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A Redis shared by the whole run: use a prefix or topics of your own, and do not stop or flush it. */
    redisUrl: string;
  }
}

/** vitest's globalSetup: one Redis for the run. Read it with `inject('redisUrl')`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startRedis();
  project.provide('redisUrl', server.url);
  return async () => {
    await server[Symbol.asyncDispose]();
  };
}
