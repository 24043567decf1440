/**
 * Events of one's own, with values that JSON does not have: a schema each, and router, client and types follow.
 *
 *   npx tsx examples/custom-catalog.ts
 */

import { defineEvents } from 'psyche-events';
import { createClient } from 'psyche-events/client';
import { createAppRouter, loadConfig, startServer } from 'psyche-events/server';
import * as z from 'zod';

const catalog = defineEvents({
  dream: z.object({ symbol: z.string(), at: z.date(), echoes: z.map(z.string(), z.bigint()) }),
  waking: z.object({ hour: z.int().min(0).max(23) }),
});

const server = await startServer(loadConfig({ port: 0, logLevel: 'warn', simulation: false }, {}), {
  catalog,
  application: ({ manager }) => ({ router: createAppRouter(manager) }),
});
const client = createClient({ url: `${server.url}/trpc`, catalog });

const received = new Promise<void>((resolve) => {
  client.on(
    'dream',
    ({ data }, { cursor }) => {
      const years = new Date().getFullYear() - data.at.getFullYear(); // a Date, not its text
      console.log(`${cursor}: ${data.symbol}, ${years} years ago, heard ${data.echoes.get('hall')} times`);
      resolve();
    },
    { since: { last: 1 } },
  );
});
await client.publish('dream', {
  symbol: 'a locked door',
  at: new Date(1913, 9, 1),
  echoes: new Map([['hall', 2n ** 64n]]),
});
await received;

try {
  await client.publish('waking', { hour: 24 });
} catch (error) {
  console.log(String(error));
}

await client.close();
await server.close();
