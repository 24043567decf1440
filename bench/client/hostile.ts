import { connect, type Socket } from 'node:net';
import { clientFrame, Opcode } from './wire.ts';

/** One kind of hostile client, on a connection of its own. */
export interface HostileKind {
  /** True if it asks for a WebSocket first. */
  readonly upgrade: boolean;
  /** Makes the bytes that it sends, again and again; number `n` is another one each time. */
  readonly unit: (n: number) => Buffer;
  /** True if it sends that once only. */
  readonly once?: boolean;
  /** True if it reads its answers. */
  readonly reads?: boolean;
  /** True if it hangs up after each unit and comes again. */
  readonly reconnects?: boolean;
}

/** Ms between two units of one client: faster, and the process that sends them would be what is measured. */
const EVERY_MS = 20;
const SHARED_DEPTH = 40;
const BATCH_CALLS = 600;

const frame = (payload: string): Buffer => clientFrame(Opcode.TEXT, Buffer.from(payload));
const PINGS = Buffer.concat(Array.from({ length: 50 }, () => clientFrame(Opcode.PING, Buffer.alloc(125))));

const call = (id: number, method: string, path: string, input: unknown, meta?: unknown) => ({
  id,
  method,
  params: { path, input: { json: input, ...(meta !== undefined && { meta }) } },
});
const sendCall = (...args: Parameters<typeof call>): Buffer => frame(JSON.stringify(call(...args)));
const get = (path: string, input?: unknown): Buffer => {
  const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  return Buffer.from(`GET /trpc/${path}${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
};

/** A publish whose annotations make one object of two, in each of many levels: as a tree it has 2^40 leaves. */
function sharedObjects(): Buffer {
  let metadata: unknown = {};
  for (let level = 0; level < SHARED_DEPTH; level++) metadata = { a: metadata, b: null };
  const at = (level: number) => `data.metadata${'.a'.repeat(level)}`;
  const pairs = Array.from({ length: SHARED_DEPTH }, (_, level) => [`${at(level)}.a`, [`${at(level)}.b`]]);
  const data = {
    agent_id: 'a',
    agent_type: 'A',
    message: 'x',
    sentiment: { score: 0, label: 'neutral' },
    metadata,
  };
  const meta = { referentialEqualities: Object.fromEntries(pairs) };
  return sendCall(1, 'mutation', 'publish.agent_message', { data, topic: 'hostile' }, meta);
}

const stop = (id: number): Buffer => frame(JSON.stringify({ id, method: 'subscription.stop' }));
const nobody = (n: number) => ({ agent_id: `nobody-${n}` });
const ANNOTATED = sharedObjects();
const BATCH = frame(
  JSON.stringify(Array.from({ length: BATCH_CALLS }, (_, id) => call(id, 'query', 'history', { limit: 1 }))),
);

/** The kinds, by name. */
export const HOSTILE_KINDS = {
  'streams that nobody reads': {
    upgrade: false,
    once: true,
    unit: () => get('on.any', { since: { last: 10_000 } }),
  },
  'answers that nobody reads': { upgrade: false, unit: () => get('history') },
  'sockets that nobody reads': {
    upgrade: true,
    once: true,
    unit: () => sendCall(1, 'subscription', 'on.any', { since: { last: 10_000 } }),
  },
  'ping floods': {
    upgrade: true,
    unit: () => PINGS,
  },
  annotations: { upgrade: true, reads: true, unit: () => ANNOTATED },
  'scans that match nothing': {
    upgrade: true,
    reads: true,
    unit: (n) => sendCall(n, 'query', 'history', { filter: nobody(n) }),
  },
  'floods of since last': {
    upgrade: true,
    reads: true,
    unit: (n) => {
      const input = { since: { last: 10_000 }, filter: nobody(n) };
      return Buffer.concat([stop(n - 1), sendCall(n, 'subscription', 'on.any', input)]);
    },
  },
  'reconnect floods': {
    upgrade: true,
    reads: true,
    reconnects: true,
    unit: () => sendCall(1, 'subscription', 'on.any', {}),
  },
  'questions that nothing answers': {
    upgrade: true,
    reads: true,
    once: true,
    unit: () => sendCall(1, 'subscription', 'on.any', { since: { last: 10_000 }, filter: nobody(0) }),
  },
  'large batches': { upgrade: true, reads: true, unit: () => BATCH },
} as const satisfies Record<string, HostileKind>;
export type HostileName = keyof typeof HOSTILE_KINDS;

const UPGRADE =
  'GET /trpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** One hostile client: comes again when it is cut. */
export class HostileClient {
  readonly #port: number;
  readonly #kind: HostileKind;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(port: number, kind: HostileKind) {
    this.#port = port;
    this.#kind = kind;
    this.#connect();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#socket?.destroy();
  }

  #connect(): void {
    const { upgrade, reads, once } = this.#kind;
    const socket = connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    socket.on('error', () => {});
    if (reads) socket.resume();
    else socket.pause();
    if (upgrade) socket.write(UPGRADE);
    if (once) socket.write(this.#kind.unit(++this.#sent));
    this.#timer ??= setInterval(() => this.#again(), EVERY_MS);
  }

  #again(): void {
    if (!this.#socket || this.#socket.destroyed) this.#connect();
    else if (!this.#kind.once && !this.#socket.writableNeedDrain) {
      this.#socket.write(this.#kind.unit(++this.#sent));
      if (this.#kind.reconnects) this.#socket.end();
    }
  }
}
