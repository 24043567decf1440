import type { AnyTRPCRouter } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import type { Broker } from '../broker/broker.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import type { AgentsById } from '../performance-monitor/agent-figures.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ServerConfig } from './config.ts';

/** The router of a server, and programs that run in its process: the simulation, for example. */
export interface Application {
  /** Served at `/trpc`. */
  router: AnyTRPCRouter;
  /** Begins to publish; called once, when the server listens. */
  start?(): void;
  /** Ends what publishes; called once, while the manager is still open. */
  stop?(): void | Promise<void>;
  /** `active_agents` of the server's `system_status`. Default 0. */
  activeAgents?(): number;
  /** Figures of each agent for `system_status`: latencies and errors. Default: none. */
  agents?(): AgentsById;
  /** Errors since it started: those since the last `system_status` count in the next. Default 0. */
  errorCount?(): number;
}

/** The parts that an application is made from. */
export interface ApplicationContext<C extends AnyCatalog = PsycheCatalog> {
  manager: EventManager<C>;
  /** The broker that keeps the manager's events; it stays open as long as the manager. */
  broker: Broker;
  config: ServerConfig;
  logger: Logger;
}
