import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../../shared/protocol.ts';

/** Headers against browsers' misuse of an answer. Strict-Transport-Security is for who ends TLS to say. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // An answer that is no page may load nothing and be shown nowhere; the page has a policy of its own.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** On every answer, also those that no handler gives: {@link SECURITY_HEADERS} and the version of the protocol. */
export const ANSWER_HEADERS = { ...SECURITY_HEADERS, [PROTOCOL_HEADER]: PROTOCOL_VERSION } as const;

/** Puts {@link ANSWER_HEADERS} on an answer before it is written; they may be replaced. */
export function addAnswerHeaders(answer: ServerResponse): void {
  for (const [name, value] of Object.entries(ANSWER_HEADERS)) answer.setHeader(name, value);
}

/** Listeners of an answer that are no leak: each part that follows a stream to its end has one, more than Node's ten. */
const LISTENERS = 20;

/** The answers that a connection is owed. */
interface Owed {
  readonly answers: Set<ServerResponse>;
  /** Called when one is given. */
  readonly waiting: Set<() => void>;
}

/** The answers that connections are still owed: what comes behind a request must not be answered before it. */
export class PendingAnswers {
  readonly #owed = new WeakMap<Duplex, Owed>();

  /** Knows the requests of a server from now on. */
  watch(server: Server): void {
    server.on('request', this.#add);
  }

  /** Knows no further ones. */
  unwatch(server: Server): void {
    server.off('request', this.#add);
  }

  readonly #add = ({ socket }: IncomingMessage, answer: ServerResponse): void => {
    const owed = this.#owed.get(socket) ?? { answers: new Set(), waiting: new Set() };
    this.#owed.set(socket, owed);
    owed.answers.add(answer.setMaxListeners(LISTENERS));
    answer.once('close', () => {
      owed.answers.delete(answer);
      for (const tell of owed.waiting) tell();
    });
  };

  /** Tells if bytes written now would be the answer to the request that is owed one: none before it, none begun. */
  isNext(socket: Duplex): boolean {
    const answers = [...(this.#owed.get(socket)?.answers ?? [])];
    return answers.length === 0 || (answers.length === 1 && answers[0]?.headersSent === false);
  }

  /**
   * Resolves when answers are given, or their connection is gone, with true; or after `ms`, with false. An answer that
   * waits behind another one when its connection ends does not close.
   * @param areAwaited which of them. Default: all
   */
  async given(
    socket: Duplex,
    ms: number,
    areAwaited: (answer: ServerResponse) => boolean = () => true,
  ): Promise<boolean> {
    const { answers, waiting } = this.#owed.get(socket) ?? {};
    const areGiven = (): boolean => socket.destroyed || ![...(answers ?? [])].some(areAwaited);
    if (areGiven()) return true;
    return new Promise((resolve) => {
      const end = (inTime: boolean): void => {
        clearTimeout(timer);
        waiting?.delete(look);
        socket.off('close', look);
        resolve(inTime);
      };
      const look = (): void => {
        if (areGiven()) end(true);
      };
      const timer = setTimeout(() => end(false), ms).unref();
      waiting?.add(look);
      socket.once('close', look);
    });
  }
}

/** Writes an answer to a socket that has no request of `node:http` any more, and hangs up. @param more headers beside those of every answer */
export function endWith(
  socket: Duplex,
  status: number,
  message = STATUS_CODES[status] ?? '',
  more: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify({ message });
  const headers = {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...ANSWER_HEADERS,
    ...more,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
