import type { UIMessageChunk } from 'ai';
import { expect, test } from 'vitest';
import { chatRuns, EventsChatTransport } from '../../../agents/ai/index.ts';
import { createClient } from '../../../client/index.ts';
import { startTestServer } from '../../app/harness.ts';
import { asked, chatCatalog } from './chat-world.ts';

const READS = ['run', 'chat_accepted', 'chat_text', 'chat_tool_input', 'chat_chunk'];

/** Claims as docs/agents.md has them for a page, and those of one that only looks on. */
const SUBJECTS: Readonly<Record<string, object>> = {
  ada: { publish: ['chat_request', 'run_stop'], subscribe: READS, topics: ['chat-c'] },
  eve: { subscribe: READS, topics: ['chat-c'] },
};

async function typesOf(stream: ReadableStream<UIMessageChunk> | null): Promise<string[]> {
  const types: string[] = [];
  const reader = stream?.getReader();
  for (
    let next = await reader?.read();
    next && !next.done;
    next = await reader?.read().catch(() => undefined)
  )
    types.push(next.value.type);
  return types;
}

test('a subject that may see a chat is shown its answers; to ask, and to stop one, needs a right of its own', async () => {
  await using server = await startTestServer(
    {},
    {
      catalog: chatCatalog,
      authenticate: ({ token = '' }) => ({ id: token, claims: SUBJECTS[token] ?? {} }),
    },
  );
  let signal: AbortSignal | undefined;
  let asker: string | undefined;
  chatRuns(server.manager).serve(async function* (turn) {
    signal = turn.signal;
    asker = turn.by;
    yield { type: 'text-start', id: '0' };
    await new Promise<void>((resolve) => turn.signal.addEventListener('abort', () => resolve()));
  });
  const errors: string[] = [];
  const onError = ({ message }: Error): void => void errors.push(message);
  const [ada, eve] = ['ada', 'eve'].map((token) => {
    const client = createClient({ url: server.url, token, catalog: chatCatalog });
    return { client, transport: new EventsChatTransport({ client, onError }) };
  });
  if (!ada || !eve) throw new Error('nobody');
  const request = {
    chatId: 'c',
    trigger: 'submit-message',
    messageId: undefined,
    messages: [asked('u1')],
  } as const;
  const stopping = new AbortController();
  const ask = { ...request, messages: [...request.messages] };
  await expect(eve.transport.sendMessages({ ...ask, abortSignal: undefined })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  await expect(
    ada.transport.sendMessages({ ...ask, chatId: 'd', abortSignal: undefined }),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const shown = typesOf(await ada.transport.sendMessages({ ...ask, abortSignal: stopping.signal }));
  expect(asker).toBe('ada');

  const watching = new AbortController();
  const seen = await eve.transport.reconnectToStream({ chatId: 'c', abortSignal: watching.signal });
  expect(seen).not.toBeNull();
  watching.abort();
  await expect.poll(() => errors).toEqual([expect.stringMatching(/run_stop/)]);
  expect(signal?.aborted).toBe(false);
  const again = typesOf(await eve.transport.reconnectToStream({ chatId: 'c' }));
  stopping.abort();
  await expect.poll(() => String(signal?.reason)).toMatch('Stopped by ada');
  expect(await again).toEqual(['start', 'text-start', 'text-end', 'abort']);
  await shown;
  await Promise.all([ada.client.close(), eve.client.close()]);
});
