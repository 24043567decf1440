/** One event of a run: its number, and as many characters as the scene asks for. */
export interface Tick {
  readonly n: number;
  readonly pad: string;
}

/** A contender's server. */
export interface Served {
  /** Address of its HTTP server, `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Resolves when the contender says that the event is out. @throws where it says that it could not publish */
  publish(tick: Tick): Promise<unknown> | unknown;
}

/** One client: the events and words that it has got so far. */
export interface Follower extends AsyncDisposable {
  /** Numbers of the events, in the order of their arrival. */
  readonly numbers: readonly number[];
  /** Words by which the client was told that events are missing; none if it was told nothing. */
  readonly told: readonly string[];
}

/** A way of getting events to clients: its server as its documentation shows it, and its own client. */
export interface Contender {
  /** Runs in a process of its own. @param redisUrl to reach the subscribers of other processes through; none: in memory */
  serve(redisUrl: string | undefined): Promise<Served>;
  /** Resolves when events that are published from now on will be delivered. */
  follow(url: string): Promise<Follower>;
}
