import type { EventManager } from '../event-manager/event-manager.ts';
import type { Logger } from '../logger.ts';
import type { ServerConfig } from './config.ts';

/** Something that publishes in a server's own process, such as the simulation. Called once the server listens. */
export type Producer = (context: ProducerContext) => RunningProducer;

export interface ProducerContext {
  manager: EventManager;
  config: ServerConfig;
  logger: Logger;
}

export interface RunningProducer {
  /** Called once, before the manager closes. */
  stop(): void | Promise<void>;
  /** Agents it runs now: `active_agents` of the server's `system_status`. Default 0. */
  activeAgents?(): number;
}
