import * as z from 'zod';
import { isLoopback } from './names/loopback.ts';
import { type ApiKey, apiKeys } from './tokens/api-keys.ts';
import type { Authenticate } from './tokens/authenticate.ts';
import { firstOf } from './tokens/first-of.ts';
import { jwt } from './tokens/jwt.ts';
import { claimsSchema, subjectIdSchema } from './tokens/subject.ts';

/** Configuration of access. Without any of it, everybody on this machine is let in. */
export interface AccessConfig {
  /** Keys that are taken; as a variable: a JSON array of `{ id, sha256, claims }`. Default none. */
  readonly authApiKeys: readonly ApiKey[];
  /** Secret of HS256 tokens, at least 32 bytes; not with `authJwksUrl`. Default none. */
  readonly authJwtSecret: string | null;
  /** Address of the keys of who issues tokens: `https://`, or `http://` on this machine. Default none. */
  readonly authJwksUrl: string | null;
  /** Required `iss` of a token; needed for tokens. */
  readonly authJwtIssuer: string | null;
  /** Value that `aud` of a token must be or contain; needed for tokens. */
  readonly authJwtAudience: string | null;
  /** True if a server that the network reaches may do without all of these. Default off. */
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
const KEYS_ERROR =
  'a JSON array of { "id", "sha256": 64 hexadecimal digits, "claims": { publish, subscribe, topics, stats, control, filter } }';

const text = z.string().min(1).nullable().default(null);

/** Each message is what comes after "<name> must be". None tells the value. */
export const accessShape = {
  authApiKeys: z
    .unknown()
    .transform((given, context): readonly ApiKey[] => {
      if (given === undefined) return [];
      const keys = keysSchema.safeParse(typeof given === 'string' ? parseJson(given) : given);
      if (keys.success) return keys.data;
      context.addIssue({ code: 'custom', message: KEYS_ERROR });
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
  allowAnonymous: z.union([z.boolean(), z.stringbool()], { error: 'on or off' }).default(false),
};

/** A fault of the options together: the option, and the words after "<name> must be". */
export function accessConflict(config: AccessConfig): [keyof AccessConfig, string] | undefined {
  const { authJwtSecret, authJwksUrl, authJwtIssuer, authJwtAudience } = config;
  if (authJwtSecret !== null && authJwksUrl !== null)
    return ['authJwksUrl', 'left out where a secret is set'];
  if (authJwtSecret === null && authJwksUrl === null) return undefined;
  if (authJwtIssuer === null) return ['authJwtIssuer', 'set where tokens are taken'];
  if (authJwtAudience === null) return ['authJwtAudience', 'set where tokens are taken'];
  return undefined;
}

/** Makes the authentication that a configuration asks for; undefined where nobody is asked for a token. */
export function configuredAuthentication(config: AccessConfig): Authenticate | undefined {
  const { authApiKeys, authJwtSecret, authJwksUrl, authJwtIssuer, authJwtAudience } = config;
  const ways: Authenticate[] = [];
  if (authApiKeys.length > 0) ways.push(apiKeys(authApiKeys));
  const names = { issuer: authJwtIssuer ?? '', audience: authJwtAudience ?? '' };
  if (authJwtSecret !== null) ways.push(jwt({ secret: authJwtSecret, ...names }));
  else if (authJwksUrl !== null) ways.push(jwt({ jwks: authJwksUrl, ...names }));
  return ways.length > 0 ? firstOf(ways) : undefined;
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
