import type { EventInput } from '../../shared/events.ts';
import type { EventManager, PublishOptions } from './event-manager.ts';
import type { ManagerPublishResult } from './publishing.ts';

/** Publishes an `agent_message`. */
export function broadcastAgentMessage(
  manager: EventManager,
  data: EventInput<'agent_message'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('agent_message', data, options);
}

/** Publishes a `network_update`. */
export function broadcastNetworkUpdate(
  manager: EventManager,
  data: EventInput<'network_update'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('network_update', data, options);
}

/** Publishes a `system_status`. */
export function broadcastSystemStatus(
  manager: EventManager,
  data: EventInput<'system_status'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('system_status', data, options);
}
