import { isRetryable } from '../../shared/errors.ts';
import { closeCodeOf, foreignError, isOwnFailure, NO_WORDS, noUpgrade } from '../failures/connection-loss.ts';
import { probe } from './probe.ts';
import { toHttpUrl } from './url.ts';

/** Needs of a {@link LossCause}. */
export interface LossCauseOptions {
  /** The endpoint. */
  readonly url: string;
  /** False where no WebSocket is asked for: then what HTTP says is all there is to say. */
  readonly asksWebSocket: boolean;
  /** Ends a probe. */
  readonly signal: AbortSignal;
  /** Tells if a probe's finding is of no use any more: the connection is there again, or ended for good. */
  isMoot(): boolean;
  /** Told of the cause of each loss; of the same loss again when a probe has found why. */
  tell(cause: Error): void;
}

/** The cause of a loss: what each attempt said of itself, and what a probe of the address finds where it said nothing. */
export class LossCause {
  readonly #options: LossCauseOptions;
  /** Why the last attempt over server-sent events failed. */
  #failure: Error | null = null;
  /** The server's own words of the last attempt, or that they are no tRPC; of a refused upgrade where no other transport is left, and the platform tells. */
  #refusal: Error | null = null;
  /** The cause that is told of losses that do not explain themselves. */
  #finding: Error | null = null;
  /**
   * True while no probe of the address is due. There is one probe until a server lets us in. While its finding makes
   * calls fail, each failed attempt is followed by another probe, so that they fail no longer than the finding is true.
   */
  #probed = false;

  constructor(options: LossCauseOptions) {
    this.#options = options;
  }

  /** An attempt begins. */
  attempted(): void {
    this.#failure = this.#refusal = null;
  }

  /** An attempt over server-sent events failed. @param isHeldBack true where only the stream does not get through */
  failed(error: Error, isHeldBack: boolean): void {
    this.#failure = error;
    if (isHeldBack) this.#finding = error;
  }

  /** A server said in words that it does not let us in. */
  refused(error: Error): void {
    this.#refusal = this.#finding = error;
    if (!isRetryable(error)) this.#probed = false;
  }

  /** The other end speaks no tRPC, or one without a transformer. It may do so another time, so it is tried again like any other loss. */
  foreign(why: 'foreign' | 'bare'): void {
    this.#refusal = foreignError(this.#options.url, why);
  }

  /** A server has let us in. */
  admitted(): void {
    this.#probed = true;
    this.#finding = null;
  }

  /** The connection is lost. Where the loss does not explain itself, the address is probed. @param error the socket's */
  lost(error: Error): void {
    const { asksWebSocket, tell } = this.#options;
    const cause = this.#refusal ?? error;
    const code = closeCodeOf(cause);
    const isExplained = isOwnFailure(cause) || (code !== undefined && !NO_WORDS.includes(code));
    const told = asksWebSocket ? cause : (this.#failure ?? cause);
    tell(isExplained ? cause : (this.#finding ?? told));
    if (isExplained || this.#probed || told !== cause) return;
    this.#probed = true;
    void this.#explain();
  }

  /** Probes the address, and tells what answers there as the cause of this failure and of those that follow. */
  async #explain(): Promise<void> {
    const { signal, isMoot, tell } = this.#options;
    const url = toHttpUrl(new URL(this.#options.url));
    const found = await probe(url, signal);
    if (isMoot()) return;
    this.#finding = found ?? this.#finding ?? noUpgrade(url);
    this.#probed = found === null || isRetryable(found);
    tell(this.#finding);
  }
}
