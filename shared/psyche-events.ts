import * as z from 'zod';
import { type Catalog, defineEvents } from './catalog.ts';
import { jsonValue } from './data/bounded-schemas.ts';

/** Health of the system, as `system_status` reports it. */
export const SystemHealthStatus = { HEALTHY: 'healthy', WARNING: 'warning', ERROR: 'error' } as const;
export type SystemHealthStatus = (typeof SystemHealthStatus)[keyof typeof SystemHealthStatus];

/** Characters of a name: of an agent, of a kind of update, of a field of metadata. */
const MAX_NAME = 128;
/** Characters of what an agent says. */
const MAX_MESSAGE = 32 * 1024;
/** Connections in one update: all of a hundred agents to each other. */
const MAX_CONNECTIONS = 10_000;

const name = z.string().max(MAX_NAME);
const jsonRecord = z.record(name, jsonValue());

const agentMessage = z.strictObject({
  agent_id: name,
  agent_type: name,
  message: z.string().max(MAX_MESSAGE),
  sentiment: z.strictObject({
    score: z.number().min(-1).max(1),
    label: z.enum(['positive', 'negative', 'neutral']),
  }),
  metadata: jsonRecord,
});

const networkUpdate = z.strictObject({
  connections: z
    .array(
      z.strictObject({
        from: name,
        to: name,
        strength: z.number().min(0).max(1),
        is_active: z.boolean(),
        type: z.enum(['normal', 'emergency']),
      }),
    )
    .max(MAX_CONNECTIONS),
  communication_stats: z.record(name, z.strictObject({ sent: z.number(), received: z.number() })),
  event_type: name,
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
/** The type of {@link psycheEvents}. */
export type PsycheCatalog = Catalog<typeof schemas>;
