import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import type { Position } from '../../shared/cursor.ts';
import { Collector } from '../support/collect.ts';
import { agentMessage } from '../support/events.ts';

const publish = (manager: EventManager, message: string) =>
  manager.publish('agent_message', agentMessage(message));

test('an answer that finds nothing, and comes after its topic has moved on, is asked for again', async () => {
  let answers = 0;
  class Slow extends MemoryBroker {
    override async read(topic: string, after: Position, limit: number) {
      // The process's tail is behind the log now: the event is handed out in a later turn.
      if (answers++ === 0) await publish(manager, 'in the log');
      const answer = await super.read(topic, after, limit);
      if (answer.records.length > 0 || answer.gap) return answer;
      const handedOut = once(heard, 'meanwhile');
      await publish(manager, 'meanwhile');
      await handedOut;
      return answer;
    }
  }
  const heard = new EventTarget();
  const manager: EventManager = new EventManager({ broker: new Slow() });
  const { cursor } = await publish(manager, 'before');
  manager.addListener(({ data }) => {
    if ('message' in data && data.message === 'meanwhile') heard.dispatchEvent(new Event('meanwhile'));
  });
  const [epoch] = cursor.split(':');
  using stream = new Collector((signal) => manager.subscribe({ since: `${epoch}:1000`, signal }));
  await expect.poll(() => stream.messages).toEqual(['meanwhile']);
  expect(answers).toBeGreaterThan(1);
  await manager.close();
});
