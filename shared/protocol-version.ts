import { EventsError } from './errors.ts';

/**
 * Version of the wire: what PROTOCOL.md describes, and its "History" tells of each version. It rises when a client that
 * was written for the version before could break, or lose a promise; never for what such a client may ignore.
 */
export const PROTOCOL_VERSION = 1;

/**
 * Header of every HTTP answer, upgrades included, with the server's {@link PROTOCOL_VERSION}. A client may name the
 * version it was written for under the same name: as a header over HTTP, as a connection param over a WebSocket.
 */
export const PROTOCOL_HEADER = 'psyche-protocol';

/**
 * Lets a client in that names this version, or none.
 * @throws EventsError UNKNOWN_VERSION
 */
export function requireSpokenVersion(named: string | undefined): void {
  if (named === undefined || named === String(PROTOCOL_VERSION)) return;
  throw new EventsError(
    'UNKNOWN_VERSION',
    `This server speaks version ${PROTOCOL_VERSION} of the protocol, not ${JSON.stringify(named.slice(0, 20))}: use a client of that version.`,
  );
}
