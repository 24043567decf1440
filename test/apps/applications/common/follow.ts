/** A topic of its own, so that those who follow the default one do not see it. */
const topic = 'over-http';

/**
 * Publishes, follows, resumes and reads over HTTP, as any program does that has no library: two dreams, of which the
 * second is published while nobody follows.
 * @returns a line that tells if all of it went well
 */
export async function follow(
  url: string,
  headers: Record<string, string> = { 'x-user': 'Ada' },
): Promise<string> {
  const of = (input: object) => `input=${encodeURIComponent(JSON.stringify({ json: input }))}`;
  const cursors = [await publish(url, headers)];
  const first = await nextId(`${url}/events.on.dream?${of({ topic, since: { last: 1 } })}`, headers);
  cursors.push(await publish(url, headers));
  const resuming = { ...headers, 'last-event-id': first };
  const second = await nextId(`${url}/events.on.dream?${of({ topic })}`, resuming);
  const page = await answered(await fetch(`${url}/events.history?${of({ topic, limit: 2 })}`, { headers }));
  const places = { published: cursors, followed: [first, second], read: idsIn(page) };
  const isWhole = Object.values(places).every((each) => String(each) === String(cursors));
  return isWhole ? 'published, followed, resumed and read' : `WRONG: ${JSON.stringify(places)}`;
}

/** The answer of a call. @throws Error when it is none */
async function answered(answer: Response): Promise<string> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
  return text;
}

async function publish(url: string, headers: Record<string, string>): Promise<string> {
  const data = { at: new Date(0), heard: [], length: '7' };
  const meta = { values: { 'data.at': ['Date'], 'data.heard': ['map'], 'data.length': ['bigint'] } };
  const answer = await fetch(`${url}/events.publish.dream`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ json: { data, topic }, meta }),
  });
  return JSON.parse(await answered(answer)).result.data.json.cursor;
}

function idsIn(page: string): string[] {
  const { items } = JSON.parse(page).result.data.json;
  return items.map(({ cursor }: { cursor: string }) => cursor);
}

/** The id of the first event of a subscription that is a dream; then the stream is left. */
async function nextId(url: string, headers: Record<string, string>): Promise<string> {
  const leave = new AbortController();
  const answer = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: leave.signal,
  });
  const reader = answer.body?.getReader();
  if (!reader) throw new Error(`${answer.status}: no body`);
  const decoder = new TextDecoder();
  let text = '';
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
      if (!event.includes('"event_type":"dream"')) throw new Error(event);
      return /^id: (.+)$/m.exec(event)?.[1] ?? 'no id';
    }
    if (done) throw new Error(`${answer.status} ended with ${text.slice(0, 200)}`);
  }
}
