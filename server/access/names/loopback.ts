import { EventsError } from '../../../shared/errors.ts';
import { hostName, isLocalName } from './host-address.ts';

/** Tells if a name or address to listen on is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return isLocalName(hostName(host));
}

/** A server that the network reaches must know who asks, or be told that it need not. @throws EventsError INVALID_OPTION */
export function refuseOpenServer(host: string): void {
  if (isLoopback(host)) return;
  throw new EventsError(
    'INVALID_OPTION',
    `HOST ${host} lets the network in, and nobody is asked for a token: set AUTH_API_KEYS, AUTH_JWT_SECRET or AUTH_JWKS_URL, or ALLOW_ANONYMOUS=on to let everybody do everything.`,
  );
}
