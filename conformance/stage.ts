import * as z from 'zod';
import {
  type Authenticate,
  createAppRouter,
  EventManager,
  loadConfig,
  MemoryBroker,
  type MemoryBrokerOptions,
  type RunningServer,
  startServer,
} from '../server/index.ts';
import { defineEvents, EventsError, growing, presence, question } from '../shared/index.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** The events of the test's server. */
export const catalog = defineEvents({
  note: z.object({ text: z.string(), mood: z.number().optional() }),
  dream: z.object({ at: z.date(), sheep: z.bigint() }),
  reply: growing(z.object({ text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
  viewer: presence(z.object({ name: z.string() })),
});
type Manager = EventManager<typeof catalog>;

const ALL = { publish: ['*'], subscribe: ['*'], topics: ['*'], stats: true };
/** Ms that the token `brief` is good for, from its first use. */
const BRIEF_MS = 3_000;
/** Ms that clients have to move when the server is replaced. */
const MOVE_MS = 2_000;

/** The tokens that a guarded server takes. `reader` may read the topic `public`, and no other. */
export const TOKENS = { all: 'all', reader: 'reader', brief: 'brief', wrong: 'wrong' } as const;

function takesTokens(): Authenticate {
  let briefUntil: number | undefined;
  return ({ token }) => {
    if (token === TOKENS.all) return { id: 'alice', claims: ALL };
    if (token === TOKENS.reader) return { id: 'bob', claims: { subscribe: ['*'], topics: ['public'] } };
    if (token !== TOKENS.brief) throw new EventsError('UNAUTHENTICATED', 'The token is not valid.');
    briefUntil ??= Date.now() + BRIEF_MS;
    if (Date.now() >= briefUntil) throw new EventsError('TOKEN_EXPIRED', 'The token has expired.');
    return { id: 'carol', claims: ALL, expiresAt: briefUntil };
  };
}

export interface StageOptions {
  /** True if clients need one of {@link TOKENS}. */
  readonly guarded?: boolean;
  /** True if a server that stops asks its clients to move before; otherwise it closes them at once. */
  readonly drains?: boolean;
  readonly retention?: MemoryBrokerOptions;
}

/** A whole server on loopback behind a line that can be broken; its log outlives it. */
export class Stage implements AsyncDisposable {
  readonly proxy: TcpProxy;
  readonly #options: StageOptions;
  readonly #serve: (manager: Manager) => Promise<RunningServer>;
  #log: Log;
  #server: RunningServer;

  private constructor(
    options: StageOptions,
    serve: (manager: Manager) => Promise<RunningServer>,
    log: Log,
    server: RunningServer,
    proxy: TcpProxy,
  ) {
    this.#options = options;
    this.#serve = serve;
    this.#log = log;
    this.#server = server;
    this.proxy = proxy;
  }

  /** @param origin of the page that the client is in */
  static async open(options: StageOptions, origin?: string): Promise<Stage> {
    const authenticate = options.guarded ? takesTokens() : undefined;
    const config = {
      port: 0,
      simulation: false,
      logLevel: 'silent',
      drainMs: options.drains ? MOVE_MS : 0,
      allowedOrigins: origin === undefined ? [] : [origin],
    } as const;
    const serve = (manager: Manager): Promise<RunningServer> =>
      startServer(loadConfig(config, {}), {
        ...{ catalog, application: () => ({ router: createAppRouter(manager) }) },
        ...(authenticate && { authenticate }),
      });
    const log = openLog(options);
    const server = await serve(log.manager);
    return new Stage(options, serve, log, server, await startTcpProxy(server.port));
  }

  /** The address that a client connects to. */
  get url(): string {
    return `ws://127.0.0.1:${this.proxy.port}/trpc`;
  }

  get manager(): Manager {
    return this.#log.manager;
  }

  /** Ends the sessions of a subject. */
  revoke(subject: string): Promise<void> {
    return this.#server.sessions.revoke(subject);
  }

  /** Adds what is no event of the catalog, as another program could. */
  async spoil(topic: string): Promise<void> {
    await this.#log.broker.publish(topic, [{ type: 'note', id: 'foreign', json: '{"event_type":"note"}' }]);
  }

  /** Stops the server, and starts another on the same log. */
  async restart(): Promise<void> {
    await this.#server.close();
    this.#server = await this.#serve(this.manager);
    this.proxy.target = this.#server.port;
  }

  /** Starts another server on the same log, and stops the first one. */
  async replace(): Promise<void> {
    const next = await this.#serve(this.manager);
    this.proxy.target = next.port;
    await this.#server.close();
    this.#server = next;
  }

  /** Loses the log with the server: the next one has another, with nothing in it. */
  async loseLog(): Promise<void> {
    const { manager } = this.#log;
    this.#log = openLog(this.#options);
    await this.restart();
    await manager.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.#server.close();
    await this.manager.close();
  }
}

interface Log {
  readonly broker: MemoryBroker;
  readonly manager: Manager;
}

function openLog({ retention }: StageOptions): Log {
  const broker = new MemoryBroker(retention);
  // Topics that nobody follows are forgotten at once: then the log alone tells a client that comes back what it missed.
  return { broker, manager: new EventManager({ catalog, broker, lingerMs: 1 }) };
}
