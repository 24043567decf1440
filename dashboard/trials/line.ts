/** Aborted while the line is cut. */
let line = new AbortController();

/**
 * Lets the page be cut off: its sockets and requests end at once, and those that it opens meanwhile do not get through. The
 * client knows nothing of it.
 *
 * @returns resolves when the line is mended
 */
export async function cutLine(ms: number): Promise<void> {
  const cut = line;
  cut.abort(new TypeError('The line is cut.'));
  await new Promise((resolve) => setTimeout(resolve, ms));
  // A cut that began during another one ends with it: the new line has sockets already.
  if (line === cut) line = new AbortController();
}

/** Puts all that the page opens from now on on a line that can be cut. */
export function installLine(): void {
  const { WebSocket: PlatformSocket, fetch: platformFetch } = globalThis;
  globalThis.WebSocket = class extends PlatformSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      const { signal } = line;
      const cut = (): void => this.close();
      if (signal.aborted) cut();
      signal.addEventListener('abort', cut);
      this.addEventListener('close', () => signal.removeEventListener('abort', cut));
    }
  };
  globalThis.fetch = (input, init) =>
    platformFetch(input, {
      ...init,
      signal: init?.signal ? AbortSignal.any([init.signal, line.signal]) : line.signal,
    });
}
