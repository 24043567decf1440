import type { PageEvent } from '../events.ts';

/** An answer that is being given: its beginning, its words so far, its end. */
export type AnswerStatus = 'started' | 'update' | 'complete' | 'error';

/** Older servers told each part of an answer as an event; now an answer is one event that grows. */
export function statusOf({ data, open }: PageEvent<'agent_processing'>): AnswerStatus {
  if (data.was) return data.was.status;
  if (!open || open.state === 'done') return 'complete';
  if (open.state !== 'open') return 'error';
  return data.text === '' ? 'started' : 'update';
}

/** Why an answer did not come, in words; null where it did, or was called off: by a reset, or since its server is gone. */
export function failureOf({ data, open }: PageEvent<'agent_processing'>): string | null {
  if (data.was) {
    return data.was.status === 'error' && data.was.reason !== 'cancelled' ? data.was.message : null;
  }
  const [, reason, message] = /^(\w+): (.*)$/s.exec(open?.reason ?? '') ?? [];
  return open?.state === 'aborted' && reason !== 'cancelled' ? (message ?? null) : null;
}
