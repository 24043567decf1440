/**
 * An agent that may not go on until somebody has allowed it. End it and start it again while it waits, or after it was
 * answered: it has asked under a key, so the question is the same one, and its answer is there.
 *
 *   npx tsx examples/approval/asker.ts        with the page of `npx vite examples/approval` beside it
 */
import { createClient } from 'psyche-events/client';
import { catalog } from './catalog.ts';

const client = createClient({ url: process.env['URL'] ?? 'ws://localhost:5173/trpc', catalog });

const { state, answer } = await client.ask(
  'approval',
  { tool: 'deploy', target: 'production' },
  {
    key: 'deploy of 2026-01-31', // what makes it the same question: here, the job that asks
    timeoutMs: 24 * 60 * 60 * 1000,
  },
);
console.log(state === 'answered' ? (answer?.allow ? 'allowed' : 'refused') : state);
await client.close();
