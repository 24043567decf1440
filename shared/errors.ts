import type * as z from 'zod';
import type { Settlement } from './open/open-part.ts';

/**
 * Every error code of the project, with the tRPC code it travels as and whether trying again can help.
 * `docs`: PROTOCOL.md, "Errors".
 */
export const ERRORS = {
  /** The data does not match the event's schema; `issues` name the fields. */
  INVALID_EVENT: { trpc: 'BAD_REQUEST', retry: false },
  /** The catalog has no event of that name. */
  UNKNOWN_EVENT: { trpc: 'BAD_REQUEST', retry: false },
  /** Not a cursor this project made: `<epoch>:<seq>`. */
  INVALID_CURSOR: { trpc: 'BAD_REQUEST', retry: false },
  /** A topic is 1–128 characters of A–Z a–z 0–9 _ . - and may not start with a dot. */
  INVALID_TOPIC: { trpc: 'BAD_REQUEST', retry: false },
  /** A filter names a field the events do not have, or compares it with something it cannot be. */
  INVALID_FILTER: { trpc: 'BAD_REQUEST', retry: false },
  /** An option or argument has no meaning; the message says which one. */
  INVALID_OPTION: { trpc: 'BAD_REQUEST', retry: false },
  /** More in one request than the server takes; the message says how much that is. */
  TOO_LARGE: { trpc: 'PAYLOAD_TOO_LARGE', retry: false },
  /** The caller is not known: no token, a wrong one, or a session that was revoked. */
  UNAUTHENTICATED: { trpc: 'UNAUTHORIZED', retry: false },
  /** The token expired; a fresh one helps, and clients with a `token` function fetch one for each attempt. */
  TOKEN_EXPIRED: { trpc: 'UNAUTHORIZED', retry: true },
  /** The caller is known, and may not do that; the message says what. */
  FORBIDDEN: { trpc: 'FORBIDDEN', retry: false },
  /** No open event has this id: it was never begun, it was erased, its log was lost, or it was settled long ago. */
  NOT_OPEN: { trpc: 'NOT_FOUND', retry: false },
  /** The open event was settled before, once and for all; the error's `settled` tells how, and by whom [O1]. */
  ALREADY_SETTLED: { trpc: 'CONFLICT', retry: false },
  /** Text to append does not follow on what is there; the error's `length` tells where to go on [O4]. */
  CONFLICT: { trpc: 'CONFLICT', retry: false },
  /** A topic has as many open events as it may have; settle some, or use another topic [O11]. */
  TOO_MANY_OPEN: { trpc: 'TOO_MANY_REQUESTS', retry: false },
  /** The client names a version of the protocol that this server does not speak. */
  UNKNOWN_VERSION: { trpc: 'PRECONDITION_FAILED', retry: false },
  /** Too much at once, and nothing was stored: publishes in flight in this process, connections of one address, or history of one request. */
  OVERLOADED: { trpc: 'TOO_MANY_REQUESTS', retry: true },
  /** More was published in a second than one may; nothing was stored. `retryAfterMs` tells when to try again. */
  RATE_LIMITED: { trpc: 'TOO_MANY_REQUESTS', retry: true },
  /** The broker cannot be reached or refused the write; whether it was stored is unknown, so retry with the same idempotency key. */
  UNAVAILABLE: { trpc: 'SERVICE_UNAVAILABLE', retry: true },
  /** The subscription fell further behind than it may, and had asked to be ended then; resume from the last cursor. */
  SLOW_CONSUMER: { trpc: 'SERVICE_UNAVAILABLE', retry: true },
  /** This manager, broker or client was closed. */
  CLOSED: { trpc: 'CLIENT_CLOSED_REQUEST', retry: false },
} as const;

/** The code of an {@link EventsError}: a key of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** One thing wrong with an input: where, and what. */
export interface Issue {
  /** Path of the field, outermost first, e.g. `['data', 'sentiment', 'score']`. */
  path: (string | number)[];
  message: string;
}

/** Issues that an error lists. One line more says how many others there are. */
const MAX_ISSUES = 10;
/** Bytes of an error’s message, in UTF-8: with its issues, written as JSON, below 4 KB. */
const MAX_MESSAGE_BYTES = 1_000;
/** Bytes of the paths and messages of all issues together, of which each has its share. */
const MAX_ISSUES_BYTES = 1_800;

/** Details that an {@link EventsError} tells beside its message, where they are known. */
interface ErrorOptions extends Partial<Pick<EventsError, 'issues' | 'retryAfterMs' | 'settled' | 'length'>> {
  cause?: unknown;
}

/**
 * The error of this project: a code of {@link ERRORS}, a sentence that says what to do, and, for bad input, its issues.
 * An error about an input does not grow with it: text that is too long is cut, and of many issues the first are listed.
 */
export class EventsError extends Error {
  override readonly name = 'EventsError';
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];
  /** Ms after which trying again can help, where that is known. */
  readonly retryAfterMs: number | undefined;
  /** With ALREADY_SETTLED: how it was settled, and by whom. */
  readonly settled: Settlement | undefined;
  /** With CONFLICT: the length of the text that there is, in UTF-16 code units. */
  readonly length: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(clipText(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.issues = fewIssues(options.issues ?? []);
    this.retryAfterMs = options.retryAfterMs;
    this.settled = options.settled;
    this.length = options.length;
  }
}

/** Tells if trying again can help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof EventsError && ERRORS[error.code].retry;
}

/** `data.sentiment.score: Too big; data.agent_id: Required`. */
export function formatIssues(issues: readonly Issue[]): string {
  const text = fewIssues(issues)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
  return clipText(text);
}

/** zod's issues as ours, below `prefix`. */
export function toIssues(error: z.core.$ZodError, prefix: readonly (string | number)[] = []): Issue[] {
  return fewIssues(error.issues, ({ path, message }) => ({
    path: [...prefix, ...path.map((key) => (typeof key === 'symbol' ? String(key) : key))],
    message,
  }));
}

/**
 * The error of a value that a schema refused, with its issues in the message too. `path` is the value's place in what
 * was passed, `says` the beginning of the message.
 */
export function refusedBy(
  error: z.core.$ZodError,
  code: ErrorCode,
  { path = [], says = '' }: { path?: readonly (string | number)[]; says?: string } = {},
): EventsError {
  const issues = toIssues(error, path);
  return new EventsError(code, says + formatIssues(issues), { issues });
}

/** The first of many issues, each cut to what tells, and a line that counts the others. */
function fewIssues(issues: readonly Issue[]): Issue[];
function fewIssues<T>(issues: readonly T[], as: (issue: T) => Issue): Issue[];
function fewIssues(issues: readonly Issue[], as: (issue: Issue) => Issue = (issue) => issue): Issue[] {
  // One more than are listed is the line that counts, when an error is made of the issues of another.
  const listed = issues.length > MAX_ISSUES + 1 ? issues.slice(0, MAX_ISSUES) : issues;
  const share = Math.floor(MAX_ISSUES_BYTES / 2 / listed.length);
  const few = listed.map((issue) => {
    const { path, message } = as(issue);
    return { path: clipPath(path, share), message: clipText(message, share) };
  });
  if (listed.length < issues.length) {
    few.push({ path: [], message: `and ${issues.length - listed.length} more` });
  }
  return few;
}

function clipPath(path: (string | number)[], maxBytes: number): (string | number)[] {
  const clipped: (string | number)[] = [];
  let left = maxBytes;
  for (const key of path) {
    const text = clipText(String(key), left);
    left -= text.length + 1;
    if (left < 0) return [...clipped, '…'];
    clipped.push(typeof key === 'number' ? key : text);
  }
  return clipped;
}

/** A text of at most so many bytes in UTF-8; what is longer ends with an ellipsis. Default: those of an error's message. */
export function clipText(text: string, maxBytes = MAX_MESSAGE_BYTES): string {
  if (text.length * 3 <= maxBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return read < text.length ? `${text.slice(0, Math.max(0, read - 3))}…` : text;
}

/** The words of whatever was thrown; none of what has none, such as an object without a prototype. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return '';
  }
}
