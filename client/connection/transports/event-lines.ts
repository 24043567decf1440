/** One server-sent event. */
export interface SentEvent {
  /** `message`, unless it has another name. */
  readonly type: string;
  readonly data: string;
}

/**
 * Reads server-sent events as they come.
 * @param onEvent told of each
 * @returns rejects when the connection is lost, or `onEvent` throws
 */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: SentEvent) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let type = 'message';
  let data: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
      else if (line.startsWith('event:')) type = line.slice(6).trim();
      else if (line === '' && (data.length > 0 || type !== 'message')) {
        const event = { type, data: data.join('\n') };
        type = 'message';
        data = [];
        onEvent(event);
      }
    }
  }
}
