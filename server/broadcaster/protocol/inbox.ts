import { type MessageTurns, type Worker, weightOf } from '../core/message-turns.ts';

/** Messages that may wait before nothing more is read from their client. */
const MAX_WAITING = 16;
/** Bytes of those: four of the largest that `WEBSOCKET_LIMITS` lets in. */
const MAX_WAITING_BYTES = 256 * 1024;

/** The work of one message, step by step: decoding it and the first call, then one call after another. Yields the bytes of the next. */
export type Steps = Generator<number, void, undefined>;

export interface InboxOwner<M> {
  readonly turns: MessageTurns;
  /** Serves a message, a step each time it is asked for the next. */
  serve(message: M): Steps;
  /** A promise to wait for before anything more is done for the client; undefined: none. */
  hold(): Promise<void> | undefined;
  /** Called when nothing waits any more. */
  onIdle(): void;
  /** Stops and starts reading from the client. */
  readonly source: { pause(): void; resume(): void };
}

/** The messages of one client, served in order as the turns of the event loop allow. */
export class Inbox<M> implements Worker {
  readonly #owner: InboxOwner<M>;
  #waiting: { message: M; bytes: number }[] = [];
  #bytes = 0;
  /** Steps of the first message that waits, once it is being served. */
  #steps: Steps | undefined;
  #nextBytes = 0;
  /** True if it stands in line, or is being served, or is held. */
  #busy = false;
  #paused = false;

  constructor(owner: InboxOwner<M>) {
    this.#owner = owner;
  }

  /** Serves a message: at once, unless it has to wait. */
  add(message: M, bytes: number): void {
    this.#waiting.push({ message, bytes });
    this.#bytes += bytes;
    if (this.#waiting.length > MAX_WAITING || this.#bytes > MAX_WAITING_BYTES) this.#pause();
    if (!this.#busy) this.#work();
  }

  /** Tells if messages wait, or are being served. */
  get isBusy(): boolean {
    return this.#busy;
  }

  get weight(): number {
    return weightOf(this.#steps ? this.#nextBytes : (this.#waiting[0]?.bytes ?? 0));
  }

  step(): boolean {
    const [first] = this.#waiting;
    if (first) {
      this.#steps ??= this.#owner.serve(first.message);
      const { done, value } = this.#steps.next();
      if (done) {
        this.#waiting.shift();
        this.#bytes -= first.bytes;
        this.#steps = undefined;
      } else this.#nextBytes = value;
    }
    const held = this.#owner.hold();
    if (held) {
      this.#pause();
      void held.then(() => this.#work());
      return false;
    }
    if (this.#waiting.length > 0) return true;
    this.#waiting = []; // or the room of those that have been in it stays
    this.#busy = false;
    this.#resume();
    this.#owner.onIdle();
    return false;
  }

  #work(): void {
    this.#busy = true;
    this.#owner.turns.work(this);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#owner.source.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.source.resume();
  }
}
