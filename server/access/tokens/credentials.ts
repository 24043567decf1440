import type { IncomingMessage } from 'node:http';
import { parse } from 'hono/utils/cookie';
import { isAllowedOrigin } from '../names/origins.ts';
import { type Credentials, unauthenticated } from './authenticate.ts';

/** The cookie that may carry a token, percent-encoded or as it is. Set it `HttpOnly; Secure; SameSite=Strict`. */
export const TOKEN_COOKIE = 'psyche_token';

export interface CredentialSources {
  /** The request, or the upgrade of a WebSocket. */
  req: IncomingMessage;
  /** The client's address. */
  address: string;
  /** tRPC's connection params. Over HTTP they come in the URL, which may not contain a token. */
  connectionParams: Credentials['connectionParams'];
  isWebSocket: boolean;
  /** Origins whose cookies count, besides the server's own. */
  allowedOrigins: readonly string[];
}

/** Reads the credentials of a request. @throws EventsError UNAUTHENTICATED when its URL contains a token */
export function readCredentials({
  req,
  address,
  connectionParams,
  isWebSocket,
  allowedOrigins,
}: CredentialSources): Credentials {
  const [, query = ''] = req.url?.split('?', 2) ?? [];
  if (
    new URLSearchParams(query).has('token') ||
    (!isWebSocket && connectionParams?.['token'] !== undefined)
  ) {
    throw unauthenticated(
      'A token may not be in the URL, which ends up in logs: send it as the connection param `token` of a WebSocket, or as the header `Authorization: Bearer …`.',
    );
  }
  const params = isWebSocket ? connectionParams : null;
  return {
    token: params?.['token'] ?? bearer(req) ?? cookie(req, allowedOrigins),
    connectionParams: params,
    headers: req.headers,
    remoteAddress: address,
  };
}

function bearer({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** The token of the cookie. Browsers send cookies for any page, so it counts only if they say that the page is allowed. */
function cookie(req: IncomingMessage, allowedOrigins: readonly string[]): string | undefined {
  const { origin, cookie: header, 'sec-fetch-site': site } = req.headers;
  const isAllowedPage = origin === undefined ? site === 'same-origin' : isAllowedOrigin(req, allowedOrigins);
  if (!isAllowedPage || header === undefined) return undefined;
  return parse(header, TOKEN_COOKIE)[TOKEN_COOKIE];
}
