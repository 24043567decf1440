import { randomUUID } from 'node:crypto';
import type { Broker } from '../../server/broker/broker.ts';
import { psycheEvents, toLogEntry } from '../../shared/index.ts';
import { type Load, Publishers, type Sender } from '../../verify/index.ts';
import { agentMessage } from '../support/events.ts';
import type { CheckedTopics } from './checked-topics.ts';

export const TOPIC = 'default';

/** Publishers, in turns over some topics, that publish through clients or past all nodes into a broker. */
export function startLoad(
  topics: CheckedTopics,
  pace: Load,
  through: Sender | Pick<Broker, 'publish'>,
): Publishers {
  const run = randomUUID();
  return new Publishers({
    ...pace,
    checkerOf: (publisher) => topics.at(publisher),
    send(message, publisher) {
      const topic = topics.names[publisher % topics.names.length] ?? TOPIC;
      if ('send' in through) return through.send(topic, message, publisher);
      const event = { event_type: 'agent_message', data: agentMessage(message) };
      return through.publish(topic, [
        toLogEntry(psycheEvents, { ...event, idempotencyKey: `${run} ${message}` }),
      ]);
    },
  });
}
