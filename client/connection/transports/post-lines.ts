/** Characters of calls that outlive their page: browsers let 64 KiB in flight do so, most of which its last call may need. */
const OUTLIVING_CHARS = 1000;
/** Bytes of a page's last call, such as a member's leaving, with the params before it. */
const LAST_BYTES = 60_000;

/** Kinds of requests: a stream; calls that are answered; a page's last call, for whose answer nobody waits. */
type Kind = 'stream' | 'calls' | 'last';

/** Posts messages, each on a line. A request with small calls, or the last one, outlives its page. */
export function postLines(
  url: string,
  query: string,
  kind: Kind,
  lines: readonly string[],
  signal: AbortSignal | null,
): Promise<Response> {
  const body = lines.join('\n');
  return fetch(`${url}${url.includes('?') ? '&' : '?'}${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/jsonl', accept: 'text/event-stream' },
    body,
    credentials: 'include', // as a WebSocket has them
    keepalive: kind !== 'stream' && outlives(kind, body),
    redirect: 'manual', // as a WebSocket does: the body may hold a token
    signal,
  });
}

function outlives(kind: 'calls' | 'last', body: string): boolean {
  if (kind === 'calls') return body.length < OUTLIVING_CHARS;
  return new TextEncoder().encode(body).length <= LAST_BYTES;
}
