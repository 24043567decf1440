import { expect, onTestFinished, test } from 'vitest';
import type { Tail, TailSink } from '../../server/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { EventsError } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

/** A log that cannot be read at first, as a file on a disk that fails for a moment. */
class FailingBroker extends MemoryBroker {
  failures = 2;

  override async tail(topic: string, sink: TailSink): Promise<Tail> {
    if (this.failures-- > 0) throw new EventsError('UNAVAILABLE', 'The log cannot be read.');
    return super.tail(topic, sink);
  }
}

test('[D7] a topic whose log fails as it is attached to is attached to later: whoever follows it waits, and misses nothing after that', async () => {
  const broker = new FailingBroker();
  const manager = new EventManager({ broker });
  onTestFinished(() => manager.close());
  const heard: unknown[] = [];
  manager.addListener(({ data }) => heard.push(data));
  const items = manager.subscribe()[Symbol.asyncIterator]();
  expect((await items.next()).value?.[1].event_type).toBe('stream_synced');
  expect(broker.failures).toBeLessThan(0);
  await manager.publish('agent_message', agentMessage('after'));
  expect((await items.next()).value?.[1].event_type).toBe('agent_message');
  expect(heard).toHaveLength(1);
  await items.return?.();
});
