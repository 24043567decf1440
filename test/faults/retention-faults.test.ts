import { expect, test } from 'vitest';
import type { Broker } from '../../server/broker/broker.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { DeliveryChecker } from '../../verify/index.ts';
import { connect } from '../client/connect.ts';
import { startTestServer } from '../client/test-server.ts';
import { agentMessage } from '../support/events.ts';
import { size, tell } from './chaos.ts';
import { hidesGaps } from './naive-tail.ts';

const HOUR = 3_600_000;
const EVENTS = size(3000, 30_000);

/** A client pauses while more is published than the log keeps, its clock is set back, and records get too old. */
async function pausePastTheLog(wrap = (broker: Broker): Broker => broker) {
  let now = Date.now();
  const broker = wrap(new MemoryBroker({ maxRecords: 500, now: () => now }));
  await using server = await startTestServer({ manager: new EventManager({ broker, lingerMs: 1 }) });
  await using client = connect({ url: server.wsUrl });
  const checker = new DeliveryChecker();
  const reader = checker.reader();
  let counter = 0;
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await server.manager.publish('agent_message', agentMessage(`p:${counter}`));
      checker.acknowledge('p', counter++);
    }
  };
  const items = client.stream({ bufferSize: 50 })[Symbol.asyncIterator]();
  const readToTheEnd = async () => {
    while (!reader.has('p', counter - 1)) {
      const { value, done } = await items.next();
      if (done) throw new Error('the stream ended');
      if (value.event.event_type === 'agent_message') reader.event(value.event.data.message);
      if (value.event.event_type === 'stream_gap') reader.gap();
    }
  };
  await items.next(); // stream_synced
  await publish(20);
  await readToTheEnd();
  for (let round = 0; round < 3; round++) {
    await publish(EVENTS / 3);
    await expect.poll(() => server.manager.stats().topics).toEqual([]); // full, it has gone; so has what the process kept
    await publish(600);
    await readToTheEnd();
    now -= HOUR; // set back: nothing may be reordered, or be too old
    await publish(10);
    await readToTheEnd();
  }
  await publish(100);
  now += 30 * HOUR; // what it has not read yet is too old now
  await publish(1);
  await readToTheEnd();
  await items.return?.();
  return checker.report();
}

test('[D4] events that a paused client did not read in time are announced as a gap, even if the clock is set back', async () => {
  const report = await pausePastTheLog();
  tell('7 log trimmed past a paused client', report);
  expect(report).toMatchObject({ silent: 0, duplicated: 0, reordered: 0 });
  expect(report.announced).toBeGreaterThan(0);
  expect(report.delivered + report.announced).toBe(report.acknowledged);
});

test('control: the events are missing in silence where gaps are not told', async () => {
  const { silent } = await pausePastTheLog(hidesGaps);
  tell('7 log trimmed past a paused client', { control: `${silent} lost` });
  expect(silent).toBeGreaterThan(0);
});
