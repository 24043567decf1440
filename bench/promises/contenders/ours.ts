import * as z from 'zod';
import { createClient } from '../../../client/index.ts';
import { loadConfig, startServer } from '../../../server/index.ts';
import { defineEvents } from '../../../shared/index.ts';
import type { Contender } from '../contender.ts';

const catalog = defineEvents({ tick: z.object({ n: z.number(), pad: z.string() }) });

/** This project, with the defaults of its server and its client. */
export const ours: Contender = {
  async serve(redisUrl) {
    const config = loadConfig(
      { port: 0, logLevel: 'silent', ...(redisUrl !== undefined && { redisUrl }) },
      {},
    );
    const { url, manager } = await startServer(config, { catalog });
    return { url, publish: (tick) => manager.publish('tick', tick) };
  },
  async follow(url) {
    const client = createClient({ url, catalog });
    const numbers: number[] = [];
    const told: string[] = [];
    const { ready } = client.on('tick', ({ data }) => void numbers.push(data.n), {
      onGap: ({ reason, lost }) => void told.push(`gap: ${reason}, ${lost ?? 'an unknown number of'} events`),
    });
    await ready;
    return { numbers, told, [Symbol.asyncDispose]: () => client.close() };
  },
};
