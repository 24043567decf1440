import type { EventInput, EventName } from '../../shared/events.ts';
import type { PublishOptions } from './event-manager-options.ts';
import type { ManagerPublishResult } from './publish/publisher.ts';

/** An EventManager whose catalog has an event of the Psyche Simulation: its own, or one with more. */
export interface PublisherOf<N extends EventName> {
  publish(event_type: N, data: EventInput<N>, options?: PublishOptions): Promise<ManagerPublishResult>;
}

/** Publishes an `agent_message`. */
export function broadcastAgentMessage(
  manager: PublisherOf<'agent_message'>,
  data: EventInput<'agent_message'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('agent_message', data, options);
}

/** Publishes a `network_update`. */
export function broadcastNetworkUpdate(
  manager: PublisherOf<'network_update'>,
  data: EventInput<'network_update'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('network_update', data, options);
}

/** Publishes a `system_status`. */
export function broadcastSystemStatus(
  manager: PublisherOf<'system_status'>,
  data: EventInput<'system_status'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('system_status', data, options);
}
