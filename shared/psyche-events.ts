import { z } from 'zod';
import { type Catalog, defineEvents } from './catalog.ts';

/** Health of the system, as `system_status` reports it. */
export const SystemHealthStatus = { HEALTHY: 'healthy', WARNING: 'warning', ERROR: 'error' } as const;
export type SystemHealthStatus = (typeof SystemHealthStatus)[keyof typeof SystemHealthStatus];

const jsonRecord = z.record(z.string(), z.json());

const agentMessage = z.strictObject({
  agent_id: z.string(),
  agent_type: z.string(),
  message: z.string(),
  sentiment: z.strictObject({
    score: z.number().min(-1).max(1),
    label: z.enum(['positive', 'negative', 'neutral']),
  }),
  metadata: jsonRecord,
});

const networkUpdate = z.strictObject({
  connections: z.array(
    z.strictObject({
      from: z.string(),
      to: z.string(),
      strength: z.number().min(0).max(1),
      is_active: z.boolean(),
      type: z.enum(['normal', 'emergency']),
    }),
  ),
  communication_stats: z.record(z.string(), z.strictObject({ sent: z.number(), received: z.number() })),
  event_type: z.string(),
  details: jsonRecord.optional(),
});

const systemStatus = z.strictObject({
  health_status: z.enum(SystemHealthStatus),
  performance_metrics: z.object({ cpu_percent: z.number(), memory_percent: z.number() }).catchall(z.number()),
  active_agents: z.number(),
  error_count: z.number(),
  metadata: jsonRecord,
});

const schemas = { agent_message: agentMessage, network_update: networkUpdate, system_status: systemStatus };

/** The catalog of the Psyche Simulation: the schemas of the guide's section "Event Schemas". */
export const psycheEvents: PsycheCatalog = defineEvents(schemas);
export type PsycheCatalog = Catalog<typeof schemas>;
