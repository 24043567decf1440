import { type ErrorCode, EventsError } from '../../shared/errors.ts';

/** The longest wait that a server may ask for. */
const MOST_RETRY_AFTER_MS = 3_600_000;

/** Error codes of some statuses; for the others see {@link codeOfStatus}. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  408: 'UNAVAILABLE',
  425: 'UNAVAILABLE',
  429: 'OVERLOADED',
  499: 'UNAVAILABLE',
  501: 'INVALID_OPTION',
  505: 'INVALID_OPTION',
};

const NO_ENDPOINT =
  'No tRPC endpoint is there: check url and path. One for WebSockets alone may have refused this client.';

/** Advice for some statuses, added to the message. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'Pass token.',
  403: 'The token, or a proxy in between, does not allow it.',
  404: NO_ENDPOINT,
  405: NO_ENDPOINT,
  413: 'The request is too large: send smaller events or batches.',
  431: 'The headers are too large: pass a shorter token.',
};

/** The error code of an HTTP status, where nothing else is known. tRPC's own errors have a status too. */
export function codeOfStatus(status: number): ErrorCode {
  return CODES[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'INVALID_OPTION');
}

/** The error of a refusal in the server's own words. */
export function answerError(status: number, words: string, url: string): EventsError {
  return new EventsError(
    codeOfStatus(status),
    `${addressOf(url)} answered with HTTP status ${status}: ${words}`,
  );
}

/** The error of an HTTP answer that tRPC did not write, such as a proxy's page. @param asked the address that was asked */
export function statusError(response: Response, asked: string): EventsError {
  const { status, redirected, url, headers } = response;
  const type = headers.get('content-type')?.split(';')[0];
  const what = type ? `HTTP status ${status} and ${type}` : `HTTP status ${status}`;
  const advice = redirected
    ? `It was redirected to ${addressOf(url)}: pass that address as url.`
    : (ADVICE[status] ?? (status < 400 ? NO_ENDPOINT : ''));
  return new EventsError(
    // A page where data should be, and a request that was sent elsewhere: neither is a success.
    codeOfStatus(response.ok ? 404 : status),
    `${addressOf(asked)} answered with ${what}. ${advice}`.trim(),
    { retryAfterMs: retryAfterMs(headers) },
  );
}

/** Ms that `Retry-After` asks for: the header is a number of seconds, or a date. */
export function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return boundedWait(ms);
}

/**
 * A wait that a server asks for, as far as it is one: of a limit per month it may be longer than the longest timer, which
 * would end at once, and other servers than ours write errors too.
 */
export function boundedWait(ms: unknown): number | undefined {
  return typeof ms !== 'number' || Number.isNaN(ms)
    ? undefined
    : Math.min(MOST_RETRY_AFTER_MS, Math.max(0, ms));
}

/** An address without its query, which may hold secrets. */
export function addressOf(url: string): string {
  return url.split('?')[0] ?? url;
}

/** Tells if JSON that came over HTTP was written by tRPC: a proxy's own is not. */
export function isTrpcAnswer(answer: unknown): answer is object {
  if (typeof answer !== 'object' || answer === null) return false;
  const part = 'result' in answer ? answer.result : 'error' in answer && answer.error;
  return typeof part === 'object' && part !== null;
}

/** The words of an error in a message of tRPC, in a transformer's wrapping or without; empty where there are none. */
export function wordsOf(answer: unknown): string {
  if (!isTrpcAnswer(answer) || !('error' in answer)) return '';
  const { error }: { error?: { json?: object } } = answer as object;
  const { message }: { message?: unknown } = error?.json ?? error ?? {};
  return typeof message === 'string' ? message : '';
}
