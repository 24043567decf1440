import { EventsError, refusedBy } from '../../shared/errors.ts';
import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import { topicSchema } from '../../shared/topic.ts';
import { allowanceOf } from '../limits/publish-rate.ts';
import { toTRPCError } from '../trpc/errors.ts';
import { peek } from '../trpc/raw-input.ts';
import { type Authorize, authorizeSession, requireGrant } from './authorize.ts';
import { sessionOf } from './sessions/session.ts';

interface Call<Ctx> {
  ctx: Ctx;
  type: 'query' | 'mutation' | 'subscription';
  getRawInput(): Promise<unknown>;
}

/**
 * Authorises procedures beside the events, such as a simulation's. Mutations need `control` of the topic that their input
 * names, all others need `stats`. Without authentication all are allowed.
 * @throws TRPCError FORBIDDEN, UNAUTHORIZED
 */
export async function guard<Ctx>(authorize: Authorize<Ctx>, call: Call<Ctx>): Promise<void> {
  const session = sessionOf(call.ctx);
  if (!session && authorize === authorizeSession) return;
  try {
    session?.assertActive();
    if (call.type === 'mutation') {
      const topic = topicOf(peek(await call.getRawInput()));
      requireGrant(await authorize(call.ctx, { action: 'control', topic, types: [] }), 'control');
      await allowanceOf(call.ctx)?.take(1);
    } else {
      requireGrant(await authorize(call.ctx, { action: 'stats', topic: null, types: [] }), 'stats');
    }
  } catch (error) {
    throw error instanceof EventsError ? toTRPCError(error) : error;
  }
}

function topicOf(input: unknown): string {
  if (typeof input !== 'object' || input === null || !('topic' in input)) return DEFAULT_TOPIC;
  const { success, data, error } = topicSchema.safeParse(input.topic ?? DEFAULT_TOPIC);
  if (success) return data;
  throw refusedBy(error, 'INVALID_TOPIC', { path: ['topic'], says: 'Invalid topic: ' });
}
