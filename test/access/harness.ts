import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { type ApiKey, type Authenticate, type Claims, jwt } from '../../server/index.ts';

const SECRET = 'a secret of tests, of 32 bytes and more';
const NAMES = { issuer: 'https://issuer.example', audience: 'psyche-events' };

/** Everything but control. */
export const ALL: Claims = { publish: ['*'], subscribe: ['*'], topics: ['*'], stats: true };

/** Takes what {@link token} makes. */
export const takesTokens: Authenticate = jwt({ secret: SECRET, ...NAMES });

export interface TokenOptions {
  claims?: Claims;
  sub?: string;
  /** Unix ms; cut to whole seconds, as tokens are. Default in an hour. */
  expiresAt?: number;
  issuedAt?: number;
  issuer?: string;
  audience?: string;
  secret?: string;
}

export function token({
  claims = ALL,
  sub = 'alice',
  issuedAt = Date.now(),
  expiresAt = Date.now() + 3_600_000,
  issuer = NAMES.issuer,
  audience = NAMES.audience,
  secret = SECRET,
}: TokenOptions = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(Math.floor(issuedAt / 1000))
    .setExpirationTime(Math.floor(expiresAt / 1000))
    .sign(new TextEncoder().encode(secret));
}

export function apiKey(id: string, key: string, claims: Claims = ALL): ApiKey {
  return { id, sha256: createHash('sha256').update(key).digest('hex'), claims };
}

interface Message {
  id: number | null;
  error?: {
    message: string;
    json: { message: string; data: { code: string; reason: string; issues: object[] } };
  };
  result?: {
    type: string;
    data?: { json: { data: { event_type: string; timestamp: string; data: Record<string, unknown> } } };
  };
}

/** A WebSocket without a client's good manners: what it is sent, and how it is closed. */
export class RawSocket implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly closed: Promise<number>;
  readonly #ws: WebSocket;

  /** @param params sent as connection params; undefined announces none */
  constructor(url: string, params?: object, headers: Record<string, string> = {}) {
    const query = params ? '?connectionParams=1' : '';
    this.#ws = new WebSocket(`${url.replace('http', 'ws')}/trpc${query}`, { headers });
    this.#ws.on('message', (text) => this.messages.push(JSON.parse(String(text))));
    this.#ws.on('open', () => params && this.#send({ method: 'connectionParams', data: params }));
    this.closed = new Promise((resolve) => this.#ws.once('close', resolve));
  }

  call(id: number, method: string, path: string, input: object): void {
    const send = () => this.#send({ id, method, params: { path, input: { json: input } } });
    if (this.#ws.readyState === WebSocket.OPEN) send();
    else this.#ws.once('open', send);
  }

  subscribe(id: number, input: object, path = 'on.any'): void {
    this.call(id, 'subscription', path, input);
  }

  /** Events, without the stream's own items. */
  get events(): string[] {
    return this.#items.filter((type) => !type.startsWith('stream_'));
  }

  /** The number of events that were published after a time, Unix ms. */
  publishedAfter(at: number): number {
    const times = this.messages.flatMap(({ result }) => result?.data?.json.data.timestamp ?? []);
    return times.filter((time) => Date.parse(time) > at).length;
  }

  get synced(): boolean {
    return this.#items.includes('stream_synced');
  }

  /** Reasons of the errors. */
  get reasons(): string[] {
    return this.messages.flatMap(({ error }) => (error ? [error.json.data.reason] : []));
  }

  get #items(): string[] {
    return this.messages.flatMap(({ result }) => result?.data?.json.data.event_type ?? []);
  }

  #send(message: object): void {
    this.#ws.send(JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ws.terminate();
  }
}
