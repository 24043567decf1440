/**
 * The first server-sent event with data of a subscription to all that was published, as any program reads it. So it is
 * seen that it has an id, which is what a client resumes from.
 */
export async function follow(
  url: string,
  headers: Record<string, string> = { 'x-user': 'Ada' },
): Promise<string> {
  const input = JSON.stringify({ json: { since: { last: 1 } } });
  const leave = new AbortController();
  const answer = await fetch(`${url}/events.on.dream?input=${encodeURIComponent(input)}`, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: leave.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  const reader = answer.body?.getReader();
  if (!reader) throw new Error(`${answer.status}: no body`);
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: true });
    // The last part may not be complete yet.
    const event = text
      .split('\n\n')
      .slice(0, -1)
      .find((part) => /^data: .*(dream|error)/m.test(part));
    if (event !== undefined) {
      leave.abort();
      const id = /^id: (.+)$/m.exec(event)?.[1];
      return id !== undefined && event.includes('"event_type":"dream"')
        ? 'followed, with an id'
        : `WRONG: ${event}`;
    }
    if (done) return `WRONG: ${answer.status} ended with ${text.slice(0, 200)}`;
  }
}
