import { describe, expect, test } from 'vitest';
import { applyBroadcastWSSHandler, createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { simulationEvents } from '../../simulation/catalog.ts';
import { startServer, until } from '../broadcaster/harness.ts';
import { itemsOf, messagesOf } from '../groups/harness.ts';
import { agentMessage } from '../support/events.ts';

const HIGH_WATER = 64 * 1024;
/** Far more than the high-water mark and what two kernels hold for a loopback connection: 24 MiB. */
const UPDATES = 1536;
const TEXT = 'x'.repeat(16 * 1024);
/** One message after so many updates. */
const EVERY = 128;
const MESSAGES = UPDATES / EVERY;

const [MESSAGE_CALL, UPDATE_CALL] = [1, 2];

/** A viewer that stops reading, is streamed at meanwhile, and reads again. */
async function slowViewer(whenSlow: 'conflate' | 'refill') {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: simulationEvents });
  const router = createAppRouter(manager);
  await using server = await startServer<typeof router>(
    (stock) => applyBroadcastWSSHandler({ ...stock, maxBufferedBytes: HIGH_WATER }),
    { router },
  );
  const viewer = await server.connect();
  viewer.call(MESSAGE_CALL, 'subscription', 'on.agent_message', { json: {} });
  viewer.call(UPDATE_CALL, 'subscription', 'on.agent_processing', { json: { whenSlow } });
  await Promise.all([viewer.frame(MESSAGE_CALL, 1), viewer.frame(UPDATE_CALL, 1)]);

  viewer.ws.pause();
  const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1 };
  for (let n = 1; n <= UPDATES; n++) {
    await manager.publish('agent_processing', { ...turn, text: `${n} ${TEXT}` });
    if (n % EVERY === 0) await manager.publish('agent_message', agentMessage(`message ${n / EVERY}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
  viewer.ws.resume();
  const updates = () =>
    itemsOf(viewer, UPDATE_CALL).flatMap(({ event_type, data }) =>
      event_type === 'agent_processing' ? [Number.parseInt((data as { text: string }).text, 10)] : [],
    );
  await until(() => expect(messagesOf(viewer, MESSAGE_CALL)).toHaveLength(MESSAGES));
  await until(() => expect(updates().at(-1)).toBe(UPDATES));
  await manager.close();
  return {
    messages: messagesOf(viewer, MESSAGE_CALL),
    notices: itemsOf(viewer, MESSAGE_CALL).filter(({ event_type }) => event_type.startsWith('stream_')),
    gaps: itemsOf(viewer, UPDATE_CALL).filter(({ event_type }) => event_type === 'stream_gap'),
    updates: updates(),
  };
}

describe('a viewer that reads answers too slowly while they are produced', () => {
  test('gets conflated updates and is told so, and every message in order', async () => {
    const { messages, notices, gaps, updates } = await slowViewer('conflate');
    expect(messages).toEqual(Array.from({ length: MESSAGES }, (_, n) => `message ${n + 1}`));
    expect(notices).toHaveLength(1); // stream_synced, and no gap
    expect(updates.length).toBeLessThan(UPDATES * 0.75);
    const left = gaps.map(({ data }) => data as { reason: string; lost: number });
    expect(new Set(left.map(({ reason }) => reason))).toEqual(new Set(['conflated']));
    expect(updates.length + left.reduce((sum, { lost }) => sum + lost, 0)).toBe(UPDATES);
  });

  test('control: has to read every update with whenSlow: refill', async () => {
    const { messages, gaps, updates } = await slowViewer('refill');
    expect(messages).toHaveLength(MESSAGES);
    expect(gaps).toEqual([]);
    expect(updates).toEqual(Array.from({ length: UPDATES }, (_, n) => n + 1));
  });
});
