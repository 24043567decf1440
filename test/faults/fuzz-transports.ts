import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { FuzzInput } from './fuzz-inputs.ts';

/** The answer to a client: a tRPC code, or the transport's words; `none` if there was none within the time. */
export type Answer = string;

export type Send = (input: FuzzInput) => Promise<Answer>;

/** A client, and how it leaves. */
export interface FuzzClient extends AsyncDisposable {
  readonly name: string;
  readonly send: Send;
}

/** A server has so long to answer. */
const ANSWER_MS = 30_000;
/** The longest URL that is sent: longer ones the HTTP server refuses by itself. */
const MAX_URL = 14_000;

interface ErrorShape {
  json?: { data?: { code?: string } };
  data?: { code?: string };
}

const codeOf = (error: ErrorShape): Answer => error.json?.data?.code ?? error.data?.code ?? 'UNTYPED';

/** Calls over one WebSocket, or one more when it was closed. Every other one in a batch with others. */
export function overWebSocket(url: string): FuzzClient {
  let socket: WebSocket | undefined;
  let next = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  const open = async (): Promise<WebSocket> => {
    if (socket && socket.readyState <= WebSocket.OPEN) return socket;
    const opened = new WebSocket(`${url.replace('http', 'ws')}/trpc`);
    socket = opened;
    opened.on('error', () => {});
    opened.on('message', (raw) => {
      const text = raw.toString();
      if (!text.startsWith('{')) return;
      const { id, result, error } = JSON.parse(text);
      if (error && id === null) for (const settle of waiting.values()) settle(codeOf(error));
      waiting.get(id)?.(error ? codeOf(error) : String(result?.type));
    });
    opened.on('close', (code) => {
      if (opened === socket) for (const settle of waiting.values()) settle(`close ${code}`);
    });
    await Promise.race([once(opened, 'open').catch(() => {}), once(opened, 'close')]);
    return opened;
  };
  const send: Send = async ({ path, type, input }) => {
    const ws = await open();
    const id = next++;
    const request = `{"id":${id},"method":"${type}","params":{"path":${JSON.stringify(path)},"input":${input}}}`;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    ws.send(id % 2 === 0 ? request : `[${request},{"id":${id},"method":"subscription.stop"}]`);
    const answer = await within(answered);
    waiting.delete(id);
    if (type === 'subscription' && ws.readyState === WebSocket.OPEN)
      ws.send(`{"id":${id},"method":"subscription.stop"}`);
    return answer;
  };
  return {
    name: 'WebSocket',
    send,
    async [Symbol.asyncDispose]() {
      socket?.terminate();
    },
  };
}

/** Calls over HTTP: by GET or POST, every third in a batch; subscriptions as server-sent events. */
export function overHttp(url: string): FuzzClient {
  let count = 0;
  const send: Send = async ({ path, type, input }) => {
    const isBatch = type !== 'subscription' && ++count % 3 === 0;
    const name = encodeURIComponent(path);
    const text = isBatch ? `{"0":${input},"1":${input}}` : input;
    const target = isBatch ? `${url}/trpc/${name},${name}?batch=1` : `${url}/trpc/${name}`;
    const query = `${target}${isBatch ? '&' : '?'}input=${encodeURIComponent(text)}`;
    if (type !== 'mutation' && query.length > MAX_URL) return 'too long for a URL';
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      const response =
        type === 'mutation'
          ? await fetch(target, {
              method: 'POST',
              body: text,
              headers: { 'content-type': 'application/json' },
              signal,
            })
          : await fetch(query, {
              headers: type === 'subscription' ? { accept: 'text/event-stream' } : {},
              signal,
            });
      return type === 'subscription' && response.ok
        ? await firstOf(response)
        : answerOf(await response.json());
    } catch (error) {
      return signal.aborted ? 'none' : `cut: ${error instanceof Error ? error.name : error}`;
    }
  };
  return { name: 'HTTP', send, async [Symbol.asyncDispose]() {} };
}

function answerOf(body: unknown): Answer {
  const answers = (Array.isArray(body) ? body : [body]) as {
    error?: ErrorShape;
    result?: object;
    message?: string;
  }[];
  const errors = answers.flatMap(({ error }) => (error ? [codeOf(error)] : []));
  if (errors.length > 0) return errors.find((code) => code === 'INTERNAL_SERVER_ERROR') ?? errors[0] ?? '';
  if (answers.every(({ result }) => result)) return 'data';
  return answers[0]?.message === undefined ? 'UNTYPED' : 'refused by the server';
}

/** The first item of a stream, after it is connected. */
async function firstOf(response: Response): Promise<Answer> {
  let text = '';
  const reader = (response.body ?? new Response('').body)?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    text += value ?? '';
    const failed = /event: serialized-error\ndata: (.*)\n/.exec(text)?.[1];
    if (failed) return codeOf(JSON.parse(failed));
    if (/(^|\n)data: \{"json/.test(text) || /event: return/.test(text)) {
      await reader?.cancel();
      return 'data';
    }
    if (done) return 'ended';
  }
}

async function within(answered: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve('none'), ANSWER_MS);
  });
  const answer = await Promise.race([answered, late]);
  clearTimeout(timer);
  return answer;
}
