import { EventsError } from '../../shared/errors.ts';
import { type Answered, answeredBy } from '../../shared/open/answered.ts';
import type { BegunEvent } from '../../shared/open/handles.ts';
import { isStreamNotice } from '../../shared/stream-items.ts';
import { onAbort } from '../../shared/timing.ts';
import type { Wire } from '../connection/wire.ts';
import { closedError } from '../failures/errors.ts';
import { Subscription } from '../reading/subscription.ts';

/** A question that was asked, and its settlement, if that is known. */
type Asked = Pick<BegunEvent, 'id' | 'cursor' | 'settled'>;

/** Parts of {@link awaitAnswer}. */
interface QuestionOptions {
  type: string;
  topic: string | undefined;
  /** Asks, under a key of its own: asked again it is the same question. */
  ask: () => Promise<Asked>;
  /** Withdraws the question, if it waits. */
  withdraw: (asked: Asked) => Promise<unknown>;
  signal: AbortSignal | undefined;
}

/**
 * Asks a question, and follows its topic until it is settled. Where events were lost its settlement may have been one of
 * them, and so it asks again.
 *
 * @throws EventsError NOT_OPEN where it was erased; what asking threw, or what ended the subscription; the signal's reason
 */
export async function awaitAnswer<A>(wire: Wire, options: QuestionOptions): Promise<Answered<A>> {
  const { type, topic, ask, withdraw, signal } = options;
  signal?.throwIfAborted();
  let asking = ask();
  let letGo: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    letGo = signal && onAbort(signal, () => reject(signal.reason));
  });
  aborted.catch(() => {}); // it is raced
  try {
    let [since, id] = ['', ''];
    for (;;) {
      const asked = await Promise.race([asking, aborted]);
      if (asked.settled) return answeredBy(asked.settled);
      if (asked.id !== id) since = asked.cursor;
      id = asked.id;
      const answered = settlementOf(wire, `on.${type}`, { topic, since }, id);
      const end = await Promise.race([answered.promise, aborted]).finally(answered.stop);
      if ('state' in end) return answeredBy(end);
      since = end.lostAt;
      asking = ask();
    }
  } catch (error) {
    // Its answer may still be on its way. One who may not follow it waits for nothing.
    if (signal?.aborted || isForbidden(error))
      asking.then((asked) => asked.settled ?? withdraw(asked)).catch(() => {});
    throw error;
  } finally {
    letGo?.();
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof EventsError && error.code === 'FORBIDDEN';
}

type End = { state: string; by?: string | undefined; answer?: unknown };

/** Ms after which a question that its asker is not shown, by a filter of its claims, is asked again. */
const HIDDEN_MS = 5000;

/** Follows a topic until an event is settled, or its settlement may have been lost, or is not for the asker to see. */
function settlementOf(
  wire: Wire,
  path: string,
  input: { topic: string | undefined; since: string },
  id: string,
): { promise: Promise<End | { lostAt: string }>; stop: () => void } {
  let stop = (): void => {};
  let isShown = false;
  let hidden: ReturnType<typeof setTimeout> | undefined;
  const promise = new Promise<End | { lostAt: string }>((resolve, reject) => {
    const subscription = new Subscription(wire, path, input, {
      onItem: (item, cursor) => {
        if (isStreamNotice(item) && item.event_type === 'stream_gap') {
          // Asked again it would be there again.
          if (item.data.open?.includes(id)) reject(new EventsError('NOT_OPEN', 'The question was erased.'));
          resolve({ lostAt: cursor });
        } else if (isStreamNotice(item) && !isShown) {
          hidden ??= setTimeout(() => resolve({ lostAt: cursor }), HIDDEN_MS);
        }
        if (!('open' in item) || item.open?.id !== id) return;
        isShown = true;
        const { state } = item.open;
        if (state === 'open') return;
        // Of a settlement that is not shown the state alone is told, and not the answer.
        resolve(item.stored === false ? { lostAt: cursor } : { state, by: item.by, answer: item.answer });
      },
      onStatus: () => {},
      onRetry: () => {},
      onEnd: (error) => reject(error ?? closedError()),
    });
    stop = () => {
      clearTimeout(hidden);
      subscription.stop();
    };
  });
  promise.catch(() => {}); // it is raced
  return { promise, stop };
}
