/** Bytes that may wait to be taken by one client, over any transport; characters, where text waits in the process [D9]. */
export const UNSENT_BYTES = 1024 * 1024;

/** Somebody who has logs read: a connection with all that it asks. Askers take turns, so each waits for itself most of all. */
export interface Asker {
  /** It has not taken what it was sent before: nothing more is read for it until it has. */
  readonly full: boolean;
  /** It is not there any more: what it asked for is not wanted. */
  readonly gone: boolean;
  /** Resolves when it has taken what it was sent, or is gone. */
  drained(): Promise<void>;
  /** @throws EventsError OVERLOADED when what was answered to it already is all that it may get with one request */
  admitAnswer(): void;
  /** Counts an answer of so many characters. */
  answered(chars: number): void;
}

/** An asker of this process's own, which nothing is sent to. */
export function ownAsker(): Asker {
  return { full: false, gone: false, drained: async () => {}, admitAnswer() {}, answered() {} };
}
