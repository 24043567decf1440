import { Redis } from 'ioredis';
import { expose } from '../harness/rpc.ts';

/** Options of a process that reads a stream of Redis. */
export interface XrangeOptions {
  readonly redisUrl: string;
  readonly key: string;
  /** Records of one answer. */
  readonly page: number;
}

const { redisUrl, key, page } = JSON.parse(process.argv[2] ?? '') as XrangeOptions;
const redis = new Redis(redisUrl);

const commands = {
  /** Reads the whole stream, page by page. */
  read: async () => {
    const start = performance.now();
    let records = 0;
    for (let from = '-'; ; ) {
      const entries = await redis.xrange(key, from, '+', 'COUNT', page);
      const last = entries.at(-1);
      if (!last) return { records, elapsedMs: performance.now() - start };
      records += entries.length;
      from = `(${last[0]}`;
    }
  },
};

export type XrangeCommands = typeof commands;
expose(commands);
