import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageName } from './stages.ts';

/** An HTTP request; `input` goes into the query, `body` is sent as JSON unless it is text. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly input?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** One step of an exchange. */
export type Step =
  /** The client opens a WebSocket, `beside` the one before or in its place. Those `headers` of the answer count. */
  | {
      readonly open: string;
      readonly beside?: true;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The client sends a message: text as it is, anything else as JSON; or one message in so many fragments. */
  | { readonly send: unknown }
  | { readonly fragments: number }
  /** The next message of the server. */
  | { readonly receive: unknown }
  /** The server closes the WebSocket; messages before it that no step names are passed over. */
  | { readonly closed: number; readonly reason: string }
  /** A request, and its answer: those `headers` that matter, and the body. */
  | {
      readonly request: Request;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: unknown;
    }
  /** The client asks for server-sent events. */
  | { readonly stream: Request }
  /** The next event: its lines in order, `data` as JSON. With `skip`, events of other names before it are passed over. */
  | { readonly event: Readonly<Record<string, unknown>>; readonly skip?: true }
  /** Something that happens at the server, see stages.ts. */
  | { readonly server: string; readonly topic?: string; readonly texts?: readonly string[] };

/** An exchange of client and server, in order. */
export interface Exchange {
  /** In a sentence. */
  readonly shows: string;
  readonly stage: StageName;
  readonly steps: readonly Step[];
}

/** The exchanges of frames.json by their names. */
export const FRAMES: Readonly<Record<string, Exchange>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'frames.json'), 'utf8'),
);
