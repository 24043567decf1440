import * as z from 'zod';
import { onOff } from '../../shared/data/bounded-schemas.ts';
import { EventsError } from '../../shared/errors.ts';
import { subjectIdSchema } from '../../shared/events.ts';
import { isLoopback } from './names/host-address.ts';
import { type ApiKey, type Authenticate, apiKeys, firstOf } from './tokens/authenticate.ts';
import { claimsSchema } from './tokens/subject.ts';

/** Configuration of access. Without any of it, everybody on this machine has access. */
export interface AccessConfig {
  /** Accepted keys; as a variable: a JSON array of `{ id, sha256, claims }`. Default none. */
  readonly authApiKeys: readonly ApiKey[];
  /** Secret of HS256 tokens, at least 32 bytes; not with `authJwksUrl`. Default none. */
  readonly authJwtSecret: string | null;
  /** URL of the token issuer's key set: `https://`, or `http://` on this machine. Default none. */
  readonly authJwksUrl: string | null;
  /** Required `iss` of a token. Must be set where tokens are accepted. */
  readonly authJwtIssuer: string | null;
  /** Value that `aud` of a token must be or contain. Must be set where tokens are accepted. */
  readonly authJwtAudience: string | null;
  /** True if a server that the network reaches may run without all of these. Default off. */
  readonly allowAnonymous: boolean;
}

const keysSchema = z
  .array(
    z.strictObject({
      id: subjectIdSchema,
      sha256: z.string().regex(/^[0-9a-f]{64}$/i),
      claims: claimsSchema.strict(),
    }),
  )
  .min(1);
const CLAIMS = Object.keys(claimsSchema.shape).join(', ');
const KEYS_ERROR = `a JSON array of { "id", "sha256": 64 hexadecimal digits, "claims": { ${CLAIMS} } }`;

/** The key, and the field of it, that is wrong: names of the schema alone, never anything that was given. */
function placeOf({ issues: [issue] }: z.ZodError): string {
  const [index, field] = issue?.path ?? [];
  if (typeof index !== 'number') return '';
  return `; wrong is ${typeof field === 'string' ? `${field} of ` : ''}the key at index ${index}`;
}

const text = z.string().min(1).nullable().default(null);

/** Schemas of the options. Each message follows on "<name> must be", and none contains the value. */
export const accessShape = {
  authApiKeys: z
    .unknown()
    .transform((given, context): readonly ApiKey[] => {
      if (given === undefined) return [];
      const keys = keysSchema.safeParse(typeof given === 'string' ? parseJson(given) : given);
      if (keys.success) return keys.data;
      context.addIssue({ code: 'custom', message: KEYS_ERROR + placeOf(keys.error) });
      return z.NEVER;
    })
    .default([]),
  authJwtSecret: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= 32, { error: 'at least 32 bytes long' })
    .nullable()
    .default(null),
  authJwksUrl: z
    .string()
    .refine(isJwksUrl, { error: 'a URL that begins with https://, or http:// on this machine' })
    .nullable()
    .default(null),
  authJwtIssuer: text,
  authJwtAudience: text,
  allowAnonymous: onOff().default(false),
};

/** Finds options that contradict each other. @returns the option, and the words after "<name> must be" */
export function accessConflict(config: AccessConfig): [keyof AccessConfig, string] | undefined {
  const { authJwtSecret, authJwksUrl, authJwtIssuer, authJwtAudience } = config;
  if (authJwtSecret !== null && authJwksUrl !== null)
    return ['authJwksUrl', 'left out where AUTH_JWT_SECRET is set'];
  if (authJwtSecret === null && authJwksUrl === null) return undefined;
  if (authJwtIssuer === null && authJwtAudience === null)
    return [
      'authJwtIssuer',
      'set where tokens are taken, and AUTH_JWT_AUDIENCE too: to the `iss` and the `aud` of the tokens',
    ];
  if (authJwtIssuer === null)
    return ['authJwtIssuer', 'set where tokens are taken: to the `iss` of the tokens'];
  if (authJwtAudience === null)
    return ['authJwtAudience', 'set where tokens are taken: to the `aud` of the tokens'];
  return undefined;
}

/**
 * Makes the authentication of a configuration; undefined where nobody is asked for a token. The check of signed tokens is
 * loaded only where they are taken.
 */
export async function configuredAuthentication(config: AccessConfig): Promise<Authenticate | undefined> {
  const { authApiKeys, authJwtSecret, authJwksUrl, authJwtIssuer, authJwtAudience } = config;
  const ways: Authenticate[] = [];
  if (authApiKeys.length > 0) ways.push(apiKeys(authApiKeys));
  const names = { issuer: authJwtIssuer ?? '', audience: authJwtAudience ?? '' };
  const key =
    authJwtSecret !== null ? { secret: authJwtSecret } : authJwksUrl !== null && { jwks: authJwksUrl };
  if (key) {
    const { jwt } = await import('./tokens/jwt.ts');
    ways.push(jwt({ ...key, ...names }));
  }
  return ways.length > 0 ? firstOf(ways) : undefined;
}

/** Refuses to run a server that the network reaches without authentication. @throws EventsError INVALID_OPTION */
export function refuseOpenServer(host: string): void {
  if (isLoopback(host)) return;
  throw new EventsError(
    'INVALID_OPTION',
    `HOST ${host} opens the server to the network without authentication: set AUTH_API_KEYS, AUTH_JWT_SECRET or AUTH_JWKS_URL, or ALLOW_ANONYMOUS=on to let everybody do everything.`,
  );
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isJwksUrl(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
