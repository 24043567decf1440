import { expect } from 'vitest';
import { WebSocket } from 'ws';

export interface Answer {
  text: string;
  reason: string | null;
}

export function answered(text: string): Answer {
  const [, reason = null] = /"reason":"?(\w+)"?/.exec(text) ?? [];
  return { text, reason };
}

export type Call = (url: string, path: string, input: unknown, bearer?: string) => Promise<Answer>;

export async function overHttp(url: string, init: RequestInit, bearer?: string): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    ...(bearer && { authorization: `Bearer ${bearer}` }),
  };
  const abort = new AbortController();
  const answer = await fetch(url, { ...init, headers, signal: abort.signal });
  expect(answer.status).toBeLessThan(500);
  const reader = answer.body?.getReader();
  let text = '';
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    text += Buffer.from(part.value).toString();
    if (/"reason"|stream_synced/.test(text)) break; // a stream has no end
  }
  abort.abort();
  return answered(text);
}

export const post: Call = (url, path, input, bearer) =>
  overHttp(`${url}/trpc/${path}`, { method: 'POST', body: JSON.stringify(input) }, bearer);

export const postBatch: Call = (url, path, input, bearer) =>
  overHttp(`${url}/trpc/${path}?batch=1`, { method: 'POST', body: JSON.stringify({ 0: input }) }, bearer);

export const get: Call = (url, path, input, bearer) =>
  overHttp(`${url}/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`, {}, bearer);

export const socket =
  (type: string): Call =>
  (url, path, input, bearer) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/trpc${bearer ? '?connectionParams=1' : ''}`);
    return new Promise((resolve, reject) => {
      ws.on('error', reject);
      ws.on('close', (code) => reject(new Error(`closed with ${code}`)));
      ws.on('open', () => {
        if (bearer) ws.send(JSON.stringify({ method: 'connectionParams', data: { token: bearer } }));
        ws.send(JSON.stringify([{ id: 1, method: type, params: { path, input } }]));
      });
      ws.on('message', (text) => {
        if (String(text).includes('"started"')) return;
        resolve(answered(String(text)));
        ws.removeAllListeners('close').terminate();
      });
    });
  };
