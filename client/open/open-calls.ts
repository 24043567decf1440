import { EventsError } from '../../shared/errors.ts';
import type { BegunEvent, OpenCalls } from '../../shared/open/handles.ts';
import type { Settlement } from '../../shared/open/open-part.ts';
import type { Wire } from '../connection/wire.ts';

/** Ms for which a change is tried again: the lease of an event that is not renewed is over by then. */
const MIN_RETRY_MS = 10_000;
/** Ms for which a member, or a client that is closed, tries to say that it leaves; the lease says it too. */
const LEAVE_MS = 1000;

/**
 * The calls of an event's handle, over a connection. Each may be made twice, so each is tried again when the connection is lost.
 * @param closing ends the renewals of its lease, and leaves a second for each call after it
 */
export function callsOf(
  wire: Wire,
  closing: AbortSignal,
  topic: string | undefined,
  { id, key }: BegunEvent,
  leaseMs: number,
): OpenCalls {
  const retry = {
    get timeoutMs() {
      return closing.aborted ? LEAVE_MS : Math.max(leaseMs, MIN_RETRY_MS);
    },
  };
  const owner = { topic, id, key };
  let isAskedBefore = false;
  return {
    append: (at, text) => wire.mutate('INVALID_EVENT', 'append', { ...owner, at, text }, retry),
    update: (data) => wire.mutate('INVALID_EVENT', 'update', { ...owner, data }, retry),
    async touch() {
      const input = { topic, key, ids: [id] };
      const { notOpen } = await wire.mutate<{ notOpen: string[] }>('INVALID_OPTION', 'touch', input, {
        signal: closing,
      });
      return notOpen.length === 0;
    },
    async settle(state, reason) {
      try {
        const timeoutMs = state === 'left' ? LEAVE_MS : retry.timeoutMs;
        return await wire.mutate('INVALID_OPTION', 'settle', { ...owner, state, reason }, { timeoutMs });
      } catch (error) {
        // Only the first call takes a settlement that it finds for its own: the answer of an earlier try of it may have
        // been lost with its connection.
        const settled = settlementIn(error);
        if (isAskedBefore || settled?.state !== state) throw error;
        return { cursor: settled.cursor };
      } finally {
        isAskedBefore = true;
      }
    },
  };
}

function settlementIn(error: unknown): Settlement | undefined {
  return error instanceof EventsError ? error.settled : undefined;
}
