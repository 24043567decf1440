import { LONGEST_TIMER_MS } from '../../../shared/timing.ts';
import { UNSENT_BYTES } from '../../event-manager/reading/asker.ts';

/** Limits on a client's use of the server. A client beyond a limit is answered or cut as each one says. */
export interface Limits {
  /**
   * Milliseconds for the first message of a client that announced one (`?connectionParams=1`). Default: 5000.
   * A client that stays silent is closed with 4000 HANDSHAKE_TIMEOUT.
   */
  readonly firstMessageTimeoutMs: number;
  /**
   * Subscriptions one socket may hold at a time. Default: 100.
   * One more is answered with a TOO_MANY_REQUESTS error; the others go on.
   */
  readonly maxSubscriptions: number;
  /**
   * Characters of JSON of the inputs of all subscriptions that one socket holds. Default: 1 MiB. One more than that is
   * answered with PAYLOAD_TOO_LARGE, in our own routers `TOO_LARGE`; the others go on.
   */
  readonly maxSubscriptionChars: number;
  /**
   * Queries and mutations of one socket that run at a time. Default: 100; at most 8 while 1000 of all sockets run. More
   * wait for their turn, which comes when one of them is answered and the client is not behind; with 64 waiting, nothing
   * more is read from the client.
   */
  readonly maxConcurrentCalls: number;
  /**
   * Bytes of one call. A message of several, as clients send what they are asked in one turn, may be as large as the
   * `WebSocketServer` lets it. A larger call is closed with 1009. Default: no limit but that one.
   */
  readonly maxCallBytes: number;
  /**
   * Values of JSON in one message, of which a field counts twice: parsed, they take far more than their text. A message
   * with more is closed with 1009. Default: no limit.
   */
  readonly maxMessageValues: number;
  /**
   * Bytes that may wait to be taken by a client. Default: 1 MiB; `Infinity` takes the guard off.
   * Beyond it no further item of an async iterable is pulled, and once the client sends something,
   * nothing more is read from it, until it has taken what waits. A socket's own buffer (16 KiB, 64 KiB
   * from Node 22) is the least that has an effect.
   */
  readonly maxBufferedBytes: number;
  /**
   * Milliseconds a client may take nothing of what waits for it, be it little or much. Default: 30 000.
   * Then, at most a quarter later, it is closed with 4008 SLOW_CONSUMER.
   */
  readonly drainTimeoutMs: number;
}

export type LimitOptions = { readonly [K in keyof Limits]?: Limits[K] | undefined };

/** Milliseconds for which a client of any transport may take nothing of what waits for it [D9]. */
export const DRAIN_TIMEOUT_MS = 30_000;

const DEFAULTS: Limits = {
  firstMessageTimeoutMs: 5_000,
  maxSubscriptions: 100,
  maxSubscriptionChars: 1024 * 1024,
  maxConcurrentCalls: 100,
  maxCallBytes: Number.POSITIVE_INFINITY,
  maxMessageValues: Number.POSITIVE_INFINITY,
  maxBufferedBytes: UNSENT_BYTES,
  drainTimeoutMs: DRAIN_TIMEOUT_MS,
};

/** Bytes of one client's requests that wait to be read or to be answered before nothing more is read from it. */
export const UNANSWERED_BYTES = 1024 * 1024;

/** Values of one observable that may wait while its client is behind: an observable cannot be asked to wait. */
export const MAX_QUEUED_VALUES = 1024;

/** The limits of `options`, with defaults. @throws TypeError when one is not above zero, or a time too long for a timer */
export function resolveLimits(options: LimitOptions): Limits {
  const limits = {
    firstMessageTimeoutMs: options.firstMessageTimeoutMs ?? DEFAULTS.firstMessageTimeoutMs,
    maxSubscriptions: options.maxSubscriptions ?? DEFAULTS.maxSubscriptions,
    maxSubscriptionChars: options.maxSubscriptionChars ?? DEFAULTS.maxSubscriptionChars,
    maxConcurrentCalls: options.maxConcurrentCalls ?? DEFAULTS.maxConcurrentCalls,
    maxCallBytes: options.maxCallBytes ?? DEFAULTS.maxCallBytes,
    maxMessageValues: options.maxMessageValues ?? DEFAULTS.maxMessageValues,
    maxBufferedBytes: options.maxBufferedBytes ?? DEFAULTS.maxBufferedBytes,
    drainTimeoutMs: options.drainTimeoutMs ?? DEFAULTS.drainTimeoutMs,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0)) throw new TypeError(`${name} must be a number above zero, not ${value}`);
    if (name.endsWith('Ms') && value > LONGEST_TIMER_MS) {
      throw new TypeError(`${name} must be at most ${LONGEST_TIMER_MS}, not ${value}`);
    }
  }
  return limits;
}

/** @throws TypeError when a number that is given is not one of a range, both ends included */
export function checkNumber(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw new TypeError(`${name} must be a number from ${least} to ${most}, not ${value}`);
}

/** Bytes of the largest message of which `ws` can keep count: a limit above it, or below 1, would be none. */
const MOST_BYTES = 2 ** 31 - 1;

/** @throws TypeError when a limit on a message is given, and not one that `ws` keeps */
export function checkBytes(name: string, bytes: number | undefined): void {
  if (bytes === undefined) return;
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= MOST_BYTES) return;
  throw new TypeError(`${name} must be a whole number from 1 to ${MOST_BYTES}, not ${bytes}`);
}

/**
 * Options for the `WebSocketServer` itself: what one client may make `ws` hold, before this adapter sees anything.
 * A larger message is closed with 1009, one in more parts with 1008.
 */
export const WEBSOCKET_LIMITS = {
  /** Bytes of one message. `ws` alone would take 100 MiB. */
  maxPayload: 64 * 1024,
  /** Frames of one message. */
  maxFragments: 64,
  /** Reads from the socket that one frame may be spread over; a full message in Ethernet-sized packets takes 45. */
  maxBufferedChunks: 1024,
  /** Compressing per connection costs more than all else together, in CPU and in memory. */
  perMessageDeflate: false,
} as const;

/**
 * `perMessageDeflate` for the `WebSocketServer`: compression that costs once per event and not once per client.
 * Without context takeover everyone can be sent the same compressed bytes, and nobody needs a compressor of their own.
 * Compressed messages of clients are inflated up to `maxPayload`; replies to single clients go uncompressed.
 */
export const COMPRESSION = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  /** The shared bytes refer back as far as they like, so an offer of a smaller window is declined. */
  serverMaxWindowBits: 15,
  /** Nothing is compressed by `ws` itself: the broadcaster hands over frames that are built already. */
  threshold: Number.POSITIVE_INFINITY,
} as const;
