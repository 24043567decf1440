import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { MAX_QUEUED_VALUES } from '../../server/broadcaster/core/limits.ts';
import { CloseCode } from '../../shared/protocol.ts';
import { startServer, until } from './harness.ts';
import { fill, guarded, ITEM, KIB, sources, stalled } from './slow-client.ts';

describe('an observable, which cannot be paused,', () => {
  test('may push a burst to a client that reads', async () => {
    const { router, push } = sources();
    await using server = await startServer(guarded, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'pushed');
    await client.frame(1);
    for (let n = 0; n < 2 * MAX_QUEUED_VALUES; n++) push(`${n}${'y'.repeat(KIB)}`);
    await until(() => expect(client.of(1)).toHaveLength(2 * MAX_QUEUED_VALUES + 1));
  });

  test('is cut with 4008 once its queue for a client that does not read is long', async () => {
    const { router, push, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await stalled(server, 'pushed');
    await fill(server, push);
    for (let n = 0; n < MAX_QUEUED_VALUES; n++) push(ITEM);
    await turn();
    expect([...server.wss.clients].map((ws) => ws.readyState)).toEqual([1]);
    push(ITEM);
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1)); // and not when it is gone
    expect([...server.wss.clients].map((ws) => ws.readyState)).toEqual([2]);
    client.ws.resume();
    expect(await client.closed).toBe(CloseCode.SLOW_CONSUMER);
  });

  test('is left by a client that is closing, and does not read', async () => {
    const { router, push, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await stalled(server, 'pushed');
    await fill(server, push);
    client.ws.close();
    await until(() => expect([...server.wss.clients].map((ws) => ws.readyState)).toEqual([2]));
    push(ITEM);
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
    expect([...server.wss.clients].map((ws) => ws.readyState)).toEqual([2]);
  });
});
