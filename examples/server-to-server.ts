/**
 * A service that only publishes. What fails in passing is tried again under the same idempotency key, so it is stored
 * once.
 *
 *   npm start                                      the server, on port 3000
 *   npx tsx examples/server-to-server.ts           or with another address: URL=http://…/trpc
 */
import { createPublisher } from 'psyche-events/client';

const publisher = createPublisher({ url: process.env['URL'] ?? 'http://127.0.0.1:3000/trpc' });

const { cursor } = await publisher.publish('system_status', {
  health_status: 'healthy',
  performance_metrics: { cpu_percent: 12.5, memory_percent: 40 },
  active_agents: 0,
  error_count: 0,
  metadata: { node: 'billing-1' },
});
console.log(`stored at ${cursor}`);

// Several at once: all of them, in order, or none.
const results = await publisher.publishBatch(
  ['first', 'second'].map((message) => ({
    event_type: 'agent_message' as const,
    data: {
      agent_id: 'billing',
      agent_type: 'Service',
      message,
      sentiment: { score: 0, label: 'neutral' as const },
      metadata: {},
    },
  })),
);
console.log(`stored ${results.length} more`);

await publisher.close();
