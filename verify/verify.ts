import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventsError } from '../shared/index.ts';
import { DeliveryChecker, type DeliveryReport } from './delivery-checker.ts';
import { Publishers } from './publishers.ts';
import { Sender } from './sender.ts';
import { Subscribers } from './subscribers.ts';

const US_PER_MS = 1000;

export interface VerifyOptions {
  /** tRPC addresses of the nodes; publishers and subscribers are spread over them. */
  urls: readonly string[];
  /** The events' place in the nodes' router. Default: its top. */
  path?: string | undefined;
  token?: string | undefined;
  /** Nobody else should use it. */
  topic: string;
  publishers: number;
  subscribers: number;
  seconds: number;
  /** Events of all publishers together. */
  perSecond: number;
  /** Ms that subscribers may take to get ready. Default 20 000. */
  readyMs?: number | undefined;
  /** Ms that subscribers may take after the last event. Default 10 000. */
  graceMs?: number | undefined;
  /** Called for each event that was acknowledged. Default: nothing. */
  onAcknowledged?: (() => void) | undefined;
  /** Ends publishing early. */
  signal?: AbortSignal | undefined;
}

/** The result of a run. */
export interface VerifyReport extends DeliveryReport {
  /** Publishes that were refused or not answered in time, and tried again. */
  readonly refused: number;
  /** Why the last one was; null if none was. */
  readonly refusal: string | null;
  /** From sending to each delivery, ms; null where nothing was delivered. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
}

/**
 * Publishes to a deployment for a while, follows it, and counts what became of each event.
 * @throws EventsError UNAVAILABLE when subscribers do not get ready; or why one was refused
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { urls, path, token, topic, publishers: count, perSecond, seconds, signal } = options;
  const { readyMs = 20_000, graceMs = 10_000 } = options;
  const checker = new DeliveryChecker();
  const latencies = createHistogram();
  /** message → when it was first sent, and how many subscribers do not have it yet. */
  const sent = new Map<string, { readonly at: number; lacking: number }>();
  const onEvent = (message: string): void => {
    const each = sent.get(message);
    if (!each) return;
    latencies.record(Math.max(1, Math.round((performance.now() - each.at) * US_PER_MS)));
    if (--each.lacking === 0) sent.delete(message);
  };
  await using subscribers = new Subscribers(checker, {
    ...{ urls, path, token, topic, onEvent },
    count: options.subscribers,
  });
  await ready(subscribers, readyMs);
  await using sender = new Sender({ urls, path, token, publishers: count });
  const send = async (message: string, publisher: number): Promise<void> => {
    if (!sent.has(message)) sent.set(message, { at: performance.now(), lacking: options.subscribers });
    await sender.send(topic, message, publisher);
    options.onAcknowledged?.();
  };
  await using publishers = new Publishers({
    ...{ publishers: count, perSecond, send },
    checkerOf: () => checker,
  });
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
  await publishers.stop();
  const deadline = performance.now() + graceMs;
  while (!checker.isLevel && performance.now() < deadline) await sleep(20);
  const { refused, lastError } = publishers;
  const refusal = refused === 0 ? null : lastError instanceof Error ? lastError.message : String(lastError);
  return { ...checker.report(), refused, refusal, latencyMs: percentiles(latencies) };
}

/** Tells if a promise was broken: silence breaks it, an announced gap does not. A run that stored nothing shows nothing, and counts as broken. */
export function isViolated({ acknowledged, silent, duplicated, reordered }: VerifyReport): boolean {
  return acknowledged === 0 || silent + duplicated + reordered > 0;
}

async function ready(subscribers: Subscribers, readyMs: number): Promise<void> {
  const inTime = new AbortController();
  const late = sleep(readyMs, undefined, { signal: inTime.signal }).then(() => {
    throw new EventsError('UNAVAILABLE', `After ${readyMs / 1000} s, ${subscribers.describe()}`);
  });
  try {
    await Promise.race([subscribers.live, late]);
  } catch (error) {
    throw lacksEvent(error) ? withNeed(error) : error;
  } finally {
    inTime.abort();
    late.catch(() => {});
  }
}

/** Tells if a subscription was refused because the server's catalog lacks the event: by our server, or by a router of tRPC. */
function lacksEvent(error: unknown): error is EventsError {
  if (!(error instanceof EventsError)) return false;
  const { code, message } = error;
  return code === 'UNKNOWN_EVENT' || (code === 'INVALID_OPTION' && message.includes('.agent_message"'));
}

/** The error with what the run needs: who has events of their own alone never named that event. */
function withNeed(error: EventsError): EventsError {
  const message = `${error.message} verify publishes and follows agent_message: the server's catalog needs it, as defineEvents({ ...psycheEvents.schemas, … }) has it.`;
  return new EventsError(error.code, message, { cause: error });
}

/** In ms, to three digits, of a histogram of µs: it takes the same memory however long a run goes on. */
function percentiles(us: RecordableHistogram): VerifyReport['latencyMs'] {
  const at = (percent: number): number => us.percentile(percent) / US_PER_MS;
  return us.count === 0 ? null : { p50: at(50), p99: at(99), max: at(100) };
}
