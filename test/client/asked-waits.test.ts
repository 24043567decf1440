import { initTRPC, TRPCError } from '@trpc/server';
import { expect, test } from 'vitest';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from '../../server/index.ts';
import { EventsError, transformer } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { startForeignApp } from '../support/foreign-app.ts';
import { connect } from './connect.ts';
import { retrySoon } from './retry-soon.ts';

retrySoon();

const MONTH_MS = 31 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** An application that refuses subscriptions and publishes, whose month is used up, and counts them. */
function usedUp(retryAfterMs: number) {
  let asked = 0;
  const t = initTRPC.context<{ user: string | null }>().create({ transformer, errorFormatter });
  const limited = t.procedure.use(({ path, next }) => {
    if (path === 'stats') return next();
    asked++;
    const cause = new EventsError('RATE_LIMITED', 'The month is used up.', { retryAfterMs });
    throw new TRPCError({ code: 'TOO_MANY_REQUESTS', cause });
  });
  const router = t.router(eventProcedures(new EventManager({ broker: new MemoryBroker() }), limited));
  return { router, count: () => asked };
}

test.each([
  ['a month', MONTH_MS],
  ['for ever', Number.POSITIVE_INFINITY],
])('a server that asks a client to wait %s is not asked again at once', async (_, retryAfterMs) => {
  const { router, count } = usedUp(retryAfterMs);
  await using app = await startForeignApp(router);
  await using client = connect({ url: app.wsUrl });
  const refusal = await new Promise((resolve) => {
    client.on('agent_message', () => {}, { onError: resolve });
  });
  expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: HOUR_MS });
  // A timer of a month ends within a millisecond: many of them would have ended by then.
  for (let round = 0; round < 50; round++) await client.stats();
  expect(count()).toBe(1);
  const publish = client.publish('agent_message', agentMessage(1), { timeoutMs: 100 });
  await expect(publish).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect(count()).toBe(2);
});
