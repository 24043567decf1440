import type { AgentMessage, Topics } from '../events.ts';

/** Options of a server of the bench. */
export interface ServerOptions {
  /** A Redis to go through, where the peer can. Default: none. */
  readonly redisUrl?: string;
  /** Prefix of its keys there. Default: the project's. */
  readonly redisPrefix?: string;
  /** Topics to which events are published in turns, where the peer can. Default: one, the peer's own. */
  readonly topics?: Topics;
}

/** A server under measurement, listening on loopback. */
export interface RunningServer {
  /** `ws://127.0.0.1:<port>`; the empty string for one that takes no subscribers. */
  readonly url: string;
  /** Hands one event over to all subscribers. A promise: it is out once that resolves. */
  publish(event: AgentMessage): unknown;
  /** Subscriptions that would get an event published now. */
  subscribers(): number;
}

/** A client that publishes over a connection of its own: the event has reached the server once that resolves. */
export type Publish = (event: AgentMessage) => Promise<unknown>;

/** The next step of a client on its way to a subscription. */
export interface Step {
  /** A text frame to send. */
  readonly send?: string;
  /** The subscription stands as far as the client can know. */
  readonly ready?: boolean;
}

/** The steps in which a client of this peer subscribes, in raw WebSocket messages. */
export interface Handshake {
  readonly path: string;
  /** True if it is a GET that is answered with server-sent events, and no WebSocket. */
  readonly isStream?: boolean;
  /** Headers of the upgrade beside WebSocket's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** As soon as the socket is open. */
  opening(input: unknown): Step;
  /** After a text frame that is no event. */
  step(text: string, input: unknown): Step;
}

/** One way of getting an event to many sockets: a server, and how its clients subscribe. */
export interface Peer {
  serve(options: ServerOptions): Promise<RunningServer>;
  readonly handshake: Handshake;
  /** Connects a client that publishes, where events come from elsewhere. */
  connectPublisher?(url: string): Promise<Publish>;
}
