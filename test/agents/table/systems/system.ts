/** Everything that a server of a system needs from outside. */
export interface Place {
  /** The stand-in's URL. */
  model: string;
  redisUrl: string;
  /** Prefix of all names in that Redis. */
  prefix: string;
  /** Default: any that is free. */
  port?: number;
}

export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** Everything that a page is told besides the reply itself; of several, the last. */
export type Told = 'nothing' | 'an error' | 'the run is lost' | 'the run was stopped' | 'a gap';

/** A page that shows one thread. */
export interface Page {
  /** The user asks the question. */
  send(): void;
  /** The page has been loaded: it shows what there is. */
  load(): void;
  /** The user presses stop. Resolves once this page has done its part. */
  stop(): Promise<void>;
  /** The reply, as `written` has it; '' if there is none. */
  shown(): string;
  told(): Told;
  /** True if nothing more will come unless the user does something. */
  isIdle(): boolean;
  /** Lets go of what a page takes with it, once its network is gone. */
  dispose(): Promise<void>;
}

/** One column of the table: servers of a kind, and the pages that belong to them. */
export interface System {
  serve(place: Place): Promise<Served>;
  /** Opens a page of the thread. Its only memory of earlier pages is the thread's name, as in the address of a page. */
  page(url: string, thread: string): Page;
  /**
   * Tells if the servers have written down that a run goes on; pages that come before do not find it. Default: they have,
   * once a page shows something.
   */
  hasBegun?(place: Place, thread: string): Promise<boolean>;
  /** Takes away what the servers have kept of the thread so far, as limits of age and size do. */
  trim(place: Place, thread: string): Promise<void>;
}
