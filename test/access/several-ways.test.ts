import { describe, expect, test } from 'vitest';
import { type Authenticate, apiKeys, firstOf } from '../../server/index.ts';
import { CloseCode, type ErrorCode, EventsError } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { ALL, RawSocket, takesTokens, token } from './harness.ts';

const keys = apiKeys([{ id: 'robot', sha256: 'ab'.repeat(32), claims: ALL }]);

const refusing = (code: ErrorCode): Authenticate => {
  return async () => {
    throw new EventsError(code, 'of a test');
  };
};

describe('several ways to authenticate that all refuse', () => {
  test.each([
    ['the keys are asked last', [takesTokens, keys]],
    ['the keys are asked first', [keys, takesTokens]],
  ])(
    'a token that expired is told so, and its client comes back with a fresh one, where %s',
    async (_, ways) => {
      await using server = await startTestServer({}, { authenticate: firstOf(ways) });
      await using socket = new RawSocket(server.url, {
        token: await token({ expiresAt: Date.now() - 60_000 }),
      });
      socket.call(1, 'query', 'history', {});
      expect(await socket.closed).toBe(CloseCode.TOKEN_EXPIRED);
      expect(new Set(socket.reasons)).toEqual(new Set(['TOKEN_EXPIRED']));
    },
  );

  test.each<[ErrorCode, ErrorCode[]]>([
    ['UNAVAILABLE', ['UNAVAILABLE', 'UNAUTHENTICATED']],
    ['UNAVAILABLE', ['UNAUTHENTICATED', 'UNAVAILABLE', 'UNAUTHENTICATED']],
    ['TOKEN_EXPIRED', ['UNAVAILABLE', 'TOKEN_EXPIRED']],
    ['FORBIDDEN', ['UNAUTHENTICATED', 'FORBIDDEN']],
    ['UNAUTHENTICATED', []],
  ])('%s is the answer to %j', async (code, codes) => {
    const authenticate = firstOf(codes.map(refusing));
    const credentials = { token: 'x', connectionParams: null, headers: {}, remoteAddress: '127.0.0.1' };
    await expect(async () => authenticate(credentials)).rejects.toMatchObject({ code });
  });
});
